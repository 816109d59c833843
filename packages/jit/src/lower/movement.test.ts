/** Kernels that move elements against TensorFlow.js's `cpu` backend; gradients included. */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { axis, check, LOOSE, shapes, tensor } from '../arbitraries.js'
import { expectCurvature } from '../curvature.js'
import { expectSame, type Operand, withGradients } from '../testing.js'
import { tf } from '../tf.js'

describe('movement', () => {
  it('reshape, expandDims, squeeze, flatten', async () => {
    await check(
      shapes(1).chain((shape) => tensor(shape)),
      (x) =>
        expectSame(
          withGradients((t) => tf.mul(tf.squeeze(tf.expandDims(t, -1)).flatten(), tf.reshape(t, [-1]))),
          { x },
        ),
    )
  })

  it('transpose, with gradient', async () => {
    const permuted = shapes(2).chain((shape) =>
      fc.record({ x: tensor(shape), perm: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }) }),
    )
    await check(permuted, ({ x, perm }) =>
      expectSame(
        withGradients((t) => tf.transpose(t, perm)),
        { x },
      ),
    )
  })

  it('slice, pad, reverse, tile, with gradients', async () => {
    const parts = shapes(1).chain((shape) =>
      fc.record({
        x: tensor(shape),
        begin: fc.tuple(...shape.map((side) => fc.integer({ min: 0, max: side - 1 }))),
        pads: fc.tuple(...shape.map(() => fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })))),
        reps: fc.tuple(...shape.map(() => fc.integer({ min: 1, max: 3 }))),
        dims: fc.subarray([...shape.keys()]),
      }),
    )
    await check(parts, ({ x, begin, pads, reps, dims }) =>
      expectSame(
        withGradients((t) => {
          const size = x.shape.map((side, i) => side - begin[i]!)
          const shapedPads = pads as [number, number][]
          return tf.addN([
            tf.sum(tf.square(tf.slice(t, begin, size))),
            tf.sum(tf.square(tf.pad(t, shapedPads, 0))),
            tf.sum(tf.square(tf.tile(t, reps))),
            tf.sum(tf.mul(tf.reverse(t, dims), t)),
          ])
        }),
        { x },
        LOOSE,
      ),
    )
    await check(parts, ({ x, begin, pads, reps, dims }) =>
      expectSame(
        ({ x: t }) => {
          const y = t as tf.Tensor
          return {
            slice: tf.slice(y, begin),
            pad: tf.pad(y, pads as [number, number][], 1.5),
            tile: tf.tile(y, reps),
            reverse: tf.reverse(y, dims),
          }
        },
        { x },
      ),
    )
  })

  it('mirrorPad, with its gradient', async () => {
    const mirrored = shapes(1).chain((shape) =>
      fc.constantFrom('reflect', 'symmetric').chain((mode) => {
        const most = (side: number) => fc.integer({ min: 0, max: side - (mode === 'reflect' ? 1 : 0) })
        return fc.record({
          x: tensor(shape),
          mode: fc.constant(mode as 'reflect' | 'symmetric'),
          pads: fc.tuple(...shape.map((side) => fc.tuple(most(side), most(side)))),
        })
      }),
    )
    await check(mirrored, ({ x, mode, pads }) =>
      expectSame(
        withGradients((t) => tf.mirrorPad(t, pads, mode)),
        { x },
        LOOSE,
      ),
    )
    await check(mirrored, ({ x, mode, pads }) => expectCurvature((t) => tf.mirrorPad(t, pads, mode), { x }))
  })

  it('tile of images has the right second derivative', async () => {
    const tiled = fc.record({
      x: tensor([2, 1, 3, 2]),
      reps: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }),
    })
    await check(tiled, ({ x, reps }) => expectCurvature((t) => tf.tile(t, reps), { x }))
  })

  it('concat, stack, unstack, split, with gradients', async () => {
    const joined = shapes(1).chain((shape) =>
      fc.record({ a: tensor(shape), b: tensor(shape), axis: axis(shape.length) }),
    )
    await check(joined, ({ a, b, axis }) =>
      expectSame(
        withGradients((p, q) => tf.concat([p, q, p], axis)),
        { a, b },
      ),
    )
    await check(joined, ({ a, b, axis }) =>
      expectSame(
        withGradients((p, q) => tf.stack([p, q], axis)),
        { a, b },
      ),
    )
    await check(joined, ({ a, axis }) =>
      expectSame(({ x }) => Object.fromEntries(tf.unstack(x as tf.Tensor, axis).map((part, i) => [`part${i}`, part])), {
        x: a,
      }),
    )
    await check(
      shapes(1, 2).chain((shape) => tensor([6, ...shape])),
      (x) =>
        expectSame(
          ({ x }) => {
            const [a, b] = tf.split(x as tf.Tensor, [2, 4])
            const [c, d, e] = tf.split(x as tf.Tensor, 3)
            return { a: a!, b: b!, c: c!, d: d!, e: e! }
          },
          { x },
        ),
    )
  })

  it('concat of parts without elements', async () => {
    const x: Operand = { shape: [2, 3], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6) }
    const empty = (t: tf.Tensor) => tf.slice(t, [0, 0], [2, 0])
    await expectSame(
      ({ x }) => ({
        some: tf.concat([empty(x as tf.Tensor), x as tf.Tensor], 1),
        none: tf.concat([empty(x as tf.Tensor), empty(x as tf.Tensor)], 1),
      }),
      { x },
    )
  })

  it('gather along any axis, with its gradient, and from bytes', async () => {
    const gathered = shapes(1).chain((shape) =>
      axis(shape.length).chain((along) =>
        fc.record({
          x: tensor(shape),
          along: fc.constant(along),
          indices: shapes(1, 2).chain((of) => tensor(of, 0, shape.at(along)! - 1, 'int32')),
        }),
      ),
    )
    await check(gathered, ({ x, along, indices }) =>
      expectSame(
        ({ x, indices }) => {
          const rows = (t: tf.Tensor) => tf.square(tf.gather(t, indices as tf.Tensor1D, along))
          const [value, grad] = [rows(x as tf.Tensor), tf.grad(rows)(x as tf.Tensor)]
          return { value, grad }
        },
        { x, indices },
      ),
    )
    const bytes: Operand = { shape: [3, 2], dtype: 'uint8', data: Uint8Array.of(0, 255, 7, 8, 128, 1) }
    const indices: Operand = { shape: [2], dtype: 'int32', data: Int32Array.of(2, 0) }
    await expectSame(
      ({ bytes, indices }) => {
        const rows = tf.gather(bytes as tf.Tensor, indices as tf.Tensor1D)
        return { rows, scaled: rows.toFloat().div(255), joined: tf.concat([rows, rows.add(1)]), sum: tf.sum(rows) }
      },
      { bytes, indices },
    )
  })

  it('gather has the right second derivative: embeddings', async () => {
    const embedding = fc.record({ table: tensor([4, 3]), tokens: fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }) })
    await check(embedding, ({ table, tokens }) =>
      expectCurvature((t) => tf.gather(t, tf.tensor1d(tokens, 'int32')), { table }),
    )
  })

  it('oneHot, with indices outside of it', async () => {
    const labels: Operand = { shape: [2, 3], dtype: 'int32', data: Int32Array.of(0, 3, 2, -1, 4, 1) }
    await expectSame(
      ({ labels }) => {
        const t = labels as tf.Tensor2D
        return { plain: tf.oneHot(t, 4), valued: tf.oneHot(t, 4, 0.5, -2, 'float32') }
      },
      { labels },
    )
  })

  it('constants that JSON cannot tell apart', async () => {
    const x: Operand = { shape: [3], dtype: 'float32', data: Float32Array.of(-2, 0, 2) }
    await expectSame(
      ({ x }) => {
        const t = x as tf.Tensor
        const none = Number.NEGATIVE_INFINITY
        return {
          upper: tf.clipByValue(t, none, 1),
          both: tf.clipByValue(t, none, Number.POSITIVE_INFINITY),
          plus: tf.div(t, tf.tensor1d([0, 1, 0])),
          minus: tf.div(t, tf.tensor1d([-0, 1, -0])),
        }
      },
      { x },
    )
  })

  it('constants and fills inside a function', async () => {
    await check(
      shapes(1).chain((shape) => tensor(shape)),
      (x) =>
        expectSame(
          ({ x }) => {
            const t = x as tf.Tensor
            return {
              ramp: tf.add(t, tf.range(0, t.shape.at(-1)!)),
              ones: tf.ones([2, 3]),
              fill: tf.fill([2], 7, 'int32'),
              unchanged: t,
              folded: tf.mul(tf.sqrt(tf.scalar(16)), tf.tensor1d([1, 2, 3])),
            }
          },
          { x },
        ),
    )
  })
})
