/** Constant folding of kernels that return lists. */
import { it } from 'vitest'
import { expectSame, type Operand } from '../testing.js'
import { tf } from '../tf.js'

it('folds a list of one part, and leaves longer lists alone', async () => {
  const x: Operand = { shape: [2], dtype: 'float32', data: Float32Array.of(1, 2) }
  await expectSame(
    ({ x }) => {
      const t = x as tf.Tensor
      return {
        unstacked: tf.add(t, tf.unstack(tf.tensor2d([[3, 4]]))[0]!),
        split: tf.add(t, tf.split(tf.ones([2]), 1)[0]!),
        two: tf.add(
          t,
          tf.unstack(
            tf.tensor2d([
              [3, 4],
              [5, 6],
            ]),
          )[1]!,
        ),
      }
    },
    { x },
  )
})
