/** Matrix products against TensorFlow.js's `cpu` backend; gradients included. */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { check, LOOSE, tensor } from '../arbitraries.js'
import { expectSame, type Operand, withGradients } from '../testing.js'
import { tf } from '../tf.js'

describe('matrix products', () => {
  it('with every transposition and broadcast batch, with gradients', async () => {
    const side = fc.integer({ min: 1, max: 4 })
    const products = fc
      .tuple(side, side, side, fc.boolean(), fc.boolean(), fc.constantFrom([], [2], [1, 2]))
      .chain(([m, k, n, ta, tb, batch]) =>
        fc.record({
          a: tensor([...batch, ...(ta ? [k, m] : [m, k])]),
          b: tensor([...batch, ...(tb ? [n, k] : [k, n])]),
          flags: fc.constant([ta, tb] as const),
        }),
      )
    await check(
      products,
      ({ a, b, flags }) =>
        expectSame(
          withGradients((p, q) => tf.matMul(p, q, ...flags)),
          { a, b },
          LOOSE,
        ),
      20,
    )
  })

  it('take transposed operands in, and dot products', async () => {
    const a: Operand = { shape: [2, 3], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6) }
    await expectSame(
      ({ a }) => {
        const t = a as tf.Tensor2D
        return {
          gram: tf.matMul(t, tf.transpose(t)),
          other: tf.matMul(tf.transpose(t), t),
          dot: tf.dot(t, tf.tensor1d([1, 0, 2])),
        }
      },
      { a },
    )
  })
})
