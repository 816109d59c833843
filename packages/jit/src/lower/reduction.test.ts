/** Reductions, softmax and running sums against TensorFlow.js's `cpu` backend; gradients included. */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { axis, check, LOOSE, shapes, tensor } from '../arbitraries.js'
import { expectSame, withGradients } from '../testing.js'
import { tf } from '../tf.js'

describe('reductions', () => {
  const cases = shapes(1).chain((shape) =>
    fc.record({
      x: tensor(shape),
      axis: fc.oneof<fc.Arbitrary<number | number[] | undefined>[]>(
        axis(shape.length),
        fc.constant(undefined),
        fc.constant([...shape.keys()]),
      ),
      keep: fc.boolean(),
    }),
  )
  const differentiable: [string, (x: tf.Tensor, axis?: number | number[], keep?: boolean) => tf.Tensor][] = [
    ['sum', tf.sum],
    ['mean', tf.mean],
    ['max', tf.max],
    ['min', tf.min],
    ['logSumExp', tf.logSumExp],
  ]
  it.each(differentiable)('%s and its gradient', async (_, fn) => {
    await check(
      cases,
      ({ x, axis, keep }) =>
        expectSame(
          withGradients((t) => fn(t, axis, keep)),
          { x },
          LOOSE,
        ),
      10,
    )
  })

  it('prod, any, all, argMax, argMin', async () => {
    await check(
      shapes(1).chain((shape) => fc.record({ x: tensor(shape, -1, 1), axis: axis(shape.length), keep: fc.boolean() })),
      ({ x, axis, keep }) =>
        expectSame(
          ({ x }) => {
            const t = x as tf.Tensor
            const flags = tf.greater(t, 0)
            return {
              product: tf.prod(t, axis, keep),
              any: tf.any(flags, axis, keep),
              all: tf.all(flags, axis, keep),
              largest: tf.argMax(t, axis),
              smallest: tf.argMin(t, axis),
              firstFlag: tf.argMax(flags, axis),
              count: tf.sum(flags, axis, keep),
              whole: tf.sum(t.toInt(), axis, keep),
              most: tf.max(t.toInt(), axis, keep),
            }
          },
          { x },
        ),
    )
  })

  it('softmax, logSoftmax and cumsum along an axis, with gradients', async () => {
    await check(
      shapes(1).chain((shape) => tensor(shape)),
      (x) =>
        expectSame(
          withGradients((t) => tf.softmax(t)),
          { x },
          LOOSE,
        ),
    )
    await check(
      shapes(1).chain((shape) => tensor(shape)),
      (x) =>
        expectSame(
          withGradients((t) => tf.logSoftmax(t)),
          { x },
          LOOSE,
        ),
    )
    await check(
      shapes(1).chain((shape) =>
        fc.record({ x: tensor(shape), axis: fc.nat(shape.length - 1), exclusive: fc.boolean(), reverse: fc.boolean() }),
      ),
      ({ x, axis, exclusive, reverse }) =>
        expectSame(
          withGradients((t) => tf.cumsum(t, axis, exclusive, reverse)),
          { x },
        ),
    )
  })
})
