/** What fixtures/make_models.py makes weights and images from, made here too. */
import { type ParameterSpec, sizeOf } from './model.js'

/**
 * `count` numbers in [-1, 1) that depend on the name and their index only, by 32-bit integer arithmetic; `noise` of
 * fixtures/make_models.py makes the same.
 */
export function noise(name: string, count: number): Float64Array {
  let seed = 0
  for (const character of name) seed = (Math.imul(seed, 31) + character.charCodeAt(0)) >>> 0
  return new Float64Array(count).map((_, i) => {
    let x = (Math.imul(i, 2654435761) + seed) >>> 0
    for (const multiplier of [2246822519, 3266489917]) x = Math.imul(x ^ (x >>> 15), multiplier) >>> 0
    return ((x ^ (x >>> 13)) >>> 0) / 2 ** 31 - 1
  })
}

/** As in the Python: kernels of variance 2 / fan-in, everything else near what it starts at. */
export function given({ name, role, shape, fanIn }: ParameterSpec): Float32Array {
  const values = noise(name, sizeOf(shape))
  const centre = role === 'scale' || role === 'variance' ? 1 : 0
  const value = (x: number): number => (role === 'kernel' ? x * Math.sqrt(6 / fanIn) : centre + 0.3 * x)
  return new Float32Array(values.map(value))
}

/** The largest difference, as a fraction of the largest magnitude expected. */
export function worstError(actual: ArrayLike<number>, expected: readonly number[]): number {
  const worst = Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value)))
  return worst / Math.max(...expected.map(Math.abs))
}
