/** Masks at one bit an element. */
import { UserError } from '../errors.js'

/**
 * Packs 0/1 bytes into bits: element i is bit i % 8 (lowest first) of byte floor(i / 8), and the bits after the last
 * element are 0. NumPy's `packbits(..., bitorder='little')` does the same.
 */
export function packBits(flags: Uint8Array): Uint8Array {
  const packed = new Uint8Array(Math.ceil(flags.length / 8))
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i]!
    if (flag > 1) throw new RangeError(`A mask holds 0 and 1 only; element ${i} is ${flag}.`)
    packed[i >> 3]! |= flag << (i & 7)
  }
  return packed
}

/**
 * Unpacks `length` elements of `packBits`.
 *
 * @throws UserError if the number of bytes or the unused bits at the end do not fit the length
 */
export function unpackBits(packed: Uint8Array, length: number): Uint8Array {
  const bytes = Math.ceil(length / 8)
  if (packed.length !== bytes) {
    throw new UserError(
      `A packed mask of ${length} elements has ${bytes} bytes, this one ${packed.length}; it is damaged, make it again.`,
    )
  }
  const unused = packed.length * 8 - length
  if (unused > 0 && packed[bytes - 1]! >> (8 - unused) !== 0) {
    throw new UserError(`A packed mask of ${length} elements has bits set after its end; it is damaged, make it again.`)
  }
  const flags = new Uint8Array(length)
  for (let i = 0; i < length; i++) flags[i] = (packed[i >> 3]! >> (i & 7)) & 1
  return flags
}
