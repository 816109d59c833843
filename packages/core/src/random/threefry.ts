/**
 * Threefry-2x32 with 20 rounds: a counter-based generator, a pure function from (key, counter) to 64 random bits.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), and its library Random123.
 */

/** Odd constant that the third key word is mixed with (Skein's key schedule, 32-bit form). */
const PARITY = 0x1bd11bda

/** Two 32-bit words, as unsigned integers. */
export type Words = readonly [number, number]

/**
 * Fills `out` with the blocks of `counter`, `counter + 1`, ... (64-bit, wrapping): two words a block.
 *
 * @param key two 32-bit words
 * @param counter of the first block, low word first
 * @param out length even
 */
export function threefryFill(key: Words, counter: Words, out: Uint32Array): void {
  let low = counter[0] >>> 0
  let high = counter[1] >>> 0
  const key0 = key[0] | 0
  const key1 = key[1] | 0
  const key2 = PARITY ^ key0 ^ key1
  for (let i = 0; i < out.length; i += 2) {
    // Unrolled by hand: as a loop over a rotation table it is several times slower, and every draw passes here.
    let x = (low + key0) | 0
    let y = (high + key1) | 0
    x = (x + y) | 0
    y = ((y << 13) | (y >>> 19)) ^ x
    x = (x + y) | 0
    y = ((y << 15) | (y >>> 17)) ^ x
    x = (x + y) | 0
    y = ((y << 26) | (y >>> 6)) ^ x
    x = (x + y) | 0
    y = ((y << 6) | (y >>> 26)) ^ x
    x = (x + key1) | 0
    y = (y + key2 + 1) | 0
    x = (x + y) | 0
    y = ((y << 17) | (y >>> 15)) ^ x
    x = (x + y) | 0
    y = ((y << 29) | (y >>> 3)) ^ x
    x = (x + y) | 0
    y = ((y << 16) | (y >>> 16)) ^ x
    x = (x + y) | 0
    y = ((y << 24) | (y >>> 8)) ^ x
    x = (x + key2) | 0
    y = (y + key0 + 2) | 0
    x = (x + y) | 0
    y = ((y << 13) | (y >>> 19)) ^ x
    x = (x + y) | 0
    y = ((y << 15) | (y >>> 17)) ^ x
    x = (x + y) | 0
    y = ((y << 26) | (y >>> 6)) ^ x
    x = (x + y) | 0
    y = ((y << 6) | (y >>> 26)) ^ x
    x = (x + key0) | 0
    y = (y + key1 + 3) | 0
    x = (x + y) | 0
    y = ((y << 17) | (y >>> 15)) ^ x
    x = (x + y) | 0
    y = ((y << 29) | (y >>> 3)) ^ x
    x = (x + y) | 0
    y = ((y << 16) | (y >>> 16)) ^ x
    x = (x + y) | 0
    y = ((y << 24) | (y >>> 8)) ^ x
    x = (x + key1) | 0
    y = (y + key2 + 4) | 0
    x = (x + y) | 0
    y = ((y << 13) | (y >>> 19)) ^ x
    x = (x + y) | 0
    y = ((y << 15) | (y >>> 17)) ^ x
    x = (x + y) | 0
    y = ((y << 26) | (y >>> 6)) ^ x
    x = (x + y) | 0
    y = ((y << 6) | (y >>> 26)) ^ x
    out[i] = x + key2
    out[i + 1] = y + key0 + 5
    low = (low + 1) >>> 0
    if (low === 0) high = (high + 1) >>> 0
  }
}

/** One block: the 64 random bits of `counter` under `key`. */
export function threefry2x32(key: Words, counter: Words): Words {
  const out = new Uint32Array(2)
  threefryFill(key, counter, out)
  return [out[0] ?? 0, out[1] ?? 0]
}
