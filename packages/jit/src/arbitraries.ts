/** For tests: random shapes, tensors and pairs that broadcast. */
import fc from 'fast-check'
import type { Operand, Tolerance } from './testing.js'
import type { tf } from './tf.js'
import { sizeOf } from './tree.js'

const RUNS = 6

export const shapes = (minimum = 0, maximum = 3) =>
  fc.array(fc.integer({ min: 1, max: 4 }), { minLength: minimum, maxLength: maximum })

/** Values on a grid of eighths: exact in float32, and ties occur. */
const values = (low: number, high: number) =>
  fc.integer({ min: Math.ceil(low * 8), max: Math.floor(high * 8) }).map((n) => n / 8)

export function tensor(
  shape: number[],
  low = -3,
  high = 3,
  dtype: Operand['dtype'] = 'float32',
): fc.Arbitrary<Operand> {
  const size = sizeOf(shape)
  const numbers =
    dtype === 'float32'
      ? values(low, high)
      : dtype === 'bool'
        ? fc.integer({ min: 0, max: 1 })
        : fc.integer({ min: low, max: high })
  const Type = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array
  return fc
    .array(numbers, { minLength: size, maxLength: size })
    .map((list) => ({ shape, dtype, data: Type.from(list) as Operand['data'] }))
}

/** Two shapes that broadcast: sides replaced by 1, leading axes dropped. */
export const broadcastable = shapes(0, 3).chain((shape) =>
  fc
    .tuple(
      fc.array(fc.boolean(), { minLength: 2 * shape.length, maxLength: 2 * shape.length }),
      fc.integer({ min: 0, max: shape.length }),
      fc.boolean(),
    )
    .map(([ones, drop, first]) => {
      const a = shape.map((side, i) => (ones[i] ? 1 : side))
      const b = shape.map((side, i) => (ones[i + shape.length] ? 1 : side))
      return first ? ([a.slice(drop), b] as const) : ([a, b.slice(drop)] as const)
    }),
)

export const axis = (rank: number) => fc.integer({ min: -rank, max: rank - 1 })
export const check = <T>(arbitrary: fc.Arbitrary<T>, body: (value: T) => Promise<void>, runs = RUNS) =>
  fc.assert(fc.asyncProperty(arbitrary, body), { numRuns: runs })

export type Unary = (x: tf.Tensor) => tf.Tensor
export const LOOSE: Tolerance = { absolute: 1e-4, relative: 1e-4 }
