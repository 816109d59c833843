/** Named random streams: every number of an experiment is a pure function of (root seed, stream name, position). */
import { createHash } from 'node:crypto'
import { UserError } from '../errors.js'
import { threefryFill, type Words } from './threefry.js'

/** Where a stream stands, for checkpoints (JSON-safe): 32-bit words used so far, and a normal that was made but not yet handed out. */
export interface StreamState {
  readonly position: number
  readonly spareNormal: number | null
}

/**
 * A sequence of random numbers. All draws advance the same position, and an array draw of length n gives the same
 * numbers as n scalar draws.
 */
export interface Stream {
  readonly seed: number
  readonly name: string
  /** Uniform integer in [0, 2^32). */
  uint32(): number
  /** Uniform in [0, 1) in steps of 2^-24 (the upper 24 bits of one word), so exact in float32 too. */
  uniform(): number
  /** Standard normal, by Marsaglia's polar method. */
  normal(): number
  /** Uniform integer in [0, n), without bias, for n in 1 .. 2^32. */
  below(n: number): number
  /** n draws of `uniform`. */
  uniforms(n: number): Float32Array
  /** n draws of `normal`, rounded to float32. */
  normals(n: number): Float32Array
  /** n draws of `below(limit)`, for limit in 1 .. 2^31. */
  integers(n: number, limit: number): Int32Array
  /** n fair bits, one a byte (0 or 1): each word gives 32, lowest first; what is left of the last word is dropped. */
  bits(n: number): Uint8Array
  /** n flags, one a byte: 1 with the given probability (rounded to a step of 2^-24), else 0. */
  flags(n: number, probability: number): Uint8Array
  /** A uniformly random order of 0 .. n-1 (Fisher-Yates). */
  permutation(n: number): Int32Array
  /** Puts the elements of an array into a uniformly random order, in place (Fisher-Yates), and returns it. */
  shuffle<T extends Shufflable>(array: T): T
  state(): StreamState
  /** Continues from a saved state of the stream with this seed and name. */
  restore(state: StreamState): void
}

/** Typed arrays whose elements a stream can shuffle. */
export type Shufflable = Uint8Array | Int32Array | Uint32Array | Float32Array

/** Gives the stream of a name under one root seed, from its start. */
export type Streams = (name: string) => Stream

/** Words made at a time; even. A stream of a few numbers costs a microsecond, a long one runs at the generator's speed. */
const BUFFER = 128

/** All streams of a root seed: `streams(3)('init/fc1.kernel')`. Seeds are integers from 0 to 2^53 - 1. */
export function streams(seed: number): Streams {
  return (name) => stream(seed, name)
}

/** The streams below a prefix: `within(streams(3), 'init')('fc1.kernel')` is the stream "init/fc1.kernel". */
export function within(parent: Streams, prefix: string): Streams {
  return (name) => parent(`${prefix}/${name}`)
}

/** The stream of a root seed and a name ("init/fc1.kernel", "order/epoch/3"), from its start. */
export function stream(seed: number, name: string): Stream {
  const key = deriveKey(seed, name)
  const buffer = new Uint32Array(BUFFER)
  /** Index of the buffer's first word in the stream (a multiple of BUFFER), and the next word's place in the buffer. */
  let base = -BUFFER
  let next = BUFFER
  let spareNormal: number | null = null

  function refill(): void {
    base += BUFFER
    const block = base / 2
    threefryFill(key, [block >>> 0, Math.floor(block / 2 ** 32)], buffer)
    next = 0
  }

  function uint32(): number {
    if (next === BUFFER) refill()
    return buffer[next++]!
  }

  function uniform(): number {
    return (uint32() >>> 8) * 2 ** -24
  }

  // The polar method needs only log and sqrt. V8 computes log by its own port of fdlibm and sqrt is exactly rounded by
  // IEEE 754, so every Node release gives the same bits; sin and cos (Box-Muller) depend on V8's version and build.
  function normal(): number {
    if (spareNormal !== null) {
      const ready = spareNormal
      spareNormal = null
      return ready
    }
    for (;;) {
      // Midpoints of 2^32 equal cells of (-1, 1): symmetric, and never 0, so the logarithm is finite.
      const u = ((uint32() | 0) + 0.5) * 2 ** -31
      const v = ((uint32() | 0) + 0.5) * 2 ** -31
      const square = u * u + v * v
      if (square >= 1) continue
      const scale = Math.sqrt((-2 * Math.log(square)) / square)
      spareNormal = v * scale
      return u * scale
    }
  }

  function below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new RangeError(`below(n) draws from 1 to 2^32 values, not ${n}.`)
    }
    // Words from the last, incomplete run of n would favour small values: draw again.
    const limit = 2 ** 32 - (2 ** 32 % n)
    let word = uint32()
    while (word >= limit) word = uint32()
    return word % n
  }

  function shuffle<T extends Shufflable>(array: T): T {
    for (let i = array.length - 1; i > 0; i--) {
      const j = below(i + 1)
      const held = array[i]!
      array[i] = array[j]!
      array[j] = held
    }
    return array
  }

  return {
    seed,
    name,
    uint32,
    uniform,
    normal,
    below,
    shuffle,
    uniforms: (n) => fill(new Float32Array(n), uniform),
    normals: (n) => fill(new Float32Array(n), normal),
    integers: (n, limit) => fill(new Int32Array(n), () => below(limit)),
    permutation: (n) => shuffle(Int32Array.from({ length: n }, (_, i) => i)),

    bits(n) {
      const out = new Uint8Array(n)
      let word = 0
      for (let i = 0; i < n; i++) {
        if (i % 32 === 0) word = uint32()
        out[i] = word & 1
        word >>>= 1
      }
      return out
    },

    flags(n, probability) {
      if (!(probability >= 0 && probability <= 1)) {
        throw new RangeError(`A probability lies between 0 and 1, not ${probability}.`)
      }
      const threshold = Math.round(probability * 2 ** 24)
      return fill(new Uint8Array(n), () => (uint32() >>> 8 < threshold ? 1 : 0))
    },

    state: () => ({ position: base + next, spareNormal }),

    restore(state) {
      const { position, spareNormal: spare } = state
      if (!Number.isSafeInteger(position) || position < 0 || (spare !== null && !Number.isFinite(spare))) {
        throw new UserError(
          `The random stream "${name}" cannot stand at ${JSON.stringify(state)}; the checkpoint is damaged, start afresh.`,
        )
      }
      base = position - (position % BUFFER) - BUFFER
      refill()
      next = position % BUFFER
      spareNormal = spare
    },
  }
}

function fill<T extends Shufflable>(out: T, draw: () => number): T {
  for (let i = 0; i < out.length; i++) out[i] = draw()
  return out
}

/** The stream's key: the first 64 bits of SHA-256 over the seed and the name, so that names and seeds share nothing. */
function deriveKey(seed: number, name: string): Words {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new UserError(`The seed ${seed} is not an integer from 0 to 2^53 - 1; give one such as 0.`)
  }
  const digest = createHash('sha256').update(`winning-tickets stream\n${seed}\n${name}`, 'utf8').digest()
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)]
}
