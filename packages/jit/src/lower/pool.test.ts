/** Poolings against TensorFlow.js's `cpu` backend: values, gradients, and second derivatives. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { check, LOOSE, tensor } from '../arbitraries.js'
import { expectCurvature } from '../curvature.js'
import { createEngine, sizeOf, type TensorFunction } from '../index.js'
import { expectSame, type Operand, withGradients } from '../testing.js'
import { tf } from '../tf.js'
import { poolWindows } from '../trace/windows.js'

type Pad = Parameters<typeof tf.maxPool>[3]
interface How {
  filterSize: [number, number]
  strides: [number, number]
  pad: Pad
}

const few = fc.integer({ min: 1, max: 3 })
const side = fc.integer({ min: 1, max: 7 })
const one = fc.integer({ min: 0, max: 1 })
const explicit = fc.tuple(one, one, one, one).map(
  ([top, bottom, left, right]): Pad => [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ],
)

const shapes = fc
  .record({
    shape: fc.tuple(few, side, side, few),
    how: fc.record({
      filterSize: fc.tuple(few, few),
      strides: fc.tuple(few, few),
      pad: fc.oneof(fc.constantFrom<Pad[]>('same', 'valid'), explicit),
    }),
  })
  .filter(({ shape, how }) => poolWindows(shape, { ...how }) !== undefined)

/** Images with many equal pixels, and images whose pixels all differ by more than a small step could change. */
const tied = shapes.chain(({ shape, how }) => fc.record({ x: tensor([...shape], -0.25, 0.25), how: fc.constant(how) }))
const distinct = shapes.chain(({ shape, how }) => {
  const size = sizeOf(shape)
  const values = Array.from({ length: size }, (_, i) => i - size / 2)
  return fc.record({
    x: fc
      .shuffledSubarray(values, { minLength: size })
      .map((list): Operand => ({ shape: [...shape], dtype: 'float32', data: Float32Array.from(list) })),
    how: fc.constant(how),
  })
})

const maximum =
  ({ filterSize, strides, pad }: How) =>
  (x: tf.Tensor) =>
    tf.maxPool(x as tf.Tensor4D, filterSize, strides, pad)
const mean =
  ({ filterSize, strides, pad }: How) =>
  (x: tf.Tensor) =>
    tf.avgPool(x as tf.Tensor4D, filterSize, strides, pad)

describe.each([
  ['maxPool', maximum],
  ['avgPool', mean],
] as const)('%s', (_, op) => {
  it('and its gradient, for all windows, ties included', async () => {
    await check(tied, ({ x, how }) => expectSame(withGradients(op(how)), { x }, LOOSE), 40)
  })

  it('has the right second derivative', async () => {
    await check(distinct, ({ x, how }) => expectCurvature(op(how), { x }, 1 / 8), 12)
  })
})

describe('poolings', () => {
  it('give the gradient of a maximum to the first of equal pixels', async () => {
    const x: Operand = { shape: [1, 2, 4, 1], dtype: 'float32', data: Float32Array.of(0, 0, 1, 3, 0, 0, 3, 3) }
    const slope: TensorFunction = ({ x }) => ({
      dx: tf.grad((t: tf.Tensor) => tf.sum(tf.maxPool(t as tf.Tensor4D, 2, 2, 'valid')))(x as tf.Tensor),
    })
    for (const name of ['onnxruntime', 'tensorflow'] as const) {
      const compiled = await (await createEngine({ name })).compile(slope, { x: { shape: x.shape, dtype: 'float32' } })
      expect(await compiled.run({ x: x.data })).toEqual({ dx: Float32Array.of(1, 0, 0, 1, 0, 0, 0, 0) })
    }
  })

  it('of images with padding have the mean of the pixels, and its slope', async () => {
    // TensorFlow.js's own gradient of a padded mean is that of another function; differences of the values decide.
    await check(distinct, async ({ x, how }) => {
      const sum: TensorFunction = ({ x }) => {
        const total = (t: tf.Tensor) => tf.sum(tf.mul(mean(how)(t), 0.5)) as tf.Scalar
        return { total: total(x as tf.Tensor), dx: tf.grad(total)(x as tf.Tensor) }
      }
      const engine = await createEngine({ name: 'tensorflow' })
      const compiled = await engine.compile(sum, { x: { shape: x.shape, dtype: 'float32' } })
      const at = async (data: Float32Array) => ((await compiled.run({ x: data })).total as Float32Array)[0]!
      const { dx } = (await compiled.run({ x: x.data })) as { dx: Float32Array }
      for (let i = 0; i < Math.min(8, x.data.length); i++) {
        const [up, down] = [1, -1].map((h) => (x.data as Float32Array).with(i, x.data[i]! + h))
        expect(dx[i]).toBeCloseTo(((await at(up!)) - (await at(down!))) / 2, 3)
      }
    })
  })

  it.each([2, 3])('of NaN and infinities stay inside their windows, of side %i', async (size) => {
    const odd = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    const side = 2 * size
    // The first window is odd; channels are odd in turns.
    const data = Float32Array.from({ length: side * side * 2 }, (_, i) => {
      const [row, column] = [Math.floor(i / 2 / side), Math.floor(i / 2) % side]
      return row < size && column < size ? odd[i % 3]! : i
    })
    const engine = await createEngine()
    const compiled = await engine.compile(
      ({ x }) => withGradients((t) => tf.maxPool(t as tf.Tensor4D, size, size, 'valid'))({ x: x! }),
      { x: { shape: [1, side, side, 2], dtype: 'float32' } },
    )
    const { gradient0 } = (await compiled.run({ x: data })) as { gradient0: Float32Array }
    const outside = gradient0.filter((_, i) => {
      const [row, column] = [Math.floor(i / 2 / side), Math.floor(i / 2) % side]
      return row >= size || column >= size
    })
    expect(outside.every(Number.isFinite)).toBe(true)
    expect(outside.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(0)
  })

  it('whose windows begin in the padding', async () => {
    for (const [top, left] of [
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const shifted = (x: tf.Tensor) =>
        tf.maxPool(x as tf.Tensor4D, 2, 2, [
          [0, 0],
          [top, 1],
          [left, 1],
          [0, 0],
        ])
      await check(tensor([2, 5, 5, 3]), (x) => expectSame(withGradients(shifted), { x }, LOOSE))
    }
  })

  it('over all pixels, by mean and maximum', async () => {
    await check(tensor([2, 3, 4, 5]), (x) =>
      expectSame(
        withGradients((t) => {
          const y = tf.relu(tf.avgPool(t as tf.Tensor4D, 2, 1, 'same'))
          return tf.concat([tf.mean(y, [1, 2]), tf.max(y, [1, 2])], 1)
        }),
        { x },
        LOOSE,
      ),
    )
  })
})
