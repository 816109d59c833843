/** Batch normalisation and dropout against TensorFlow.js's `cpu` backend, with second derivatives. */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { check, LOOSE, tensor } from '../arbitraries.js'
import { expectCurvature } from '../curvature.js'
import { expectSame, type Operand, withGradients } from '../testing.js'
import { tf } from '../tf.js'

const operands = (shape: number[]) => {
  const statistic = (low: number, high: number) => tensor([shape.at(-1)!], low, high)
  return fc.record({
    x: tensor(shape),
    mean: statistic(-2, 2),
    variance: statistic(0.5, 3),
    offset: statistic(-2, 2),
    scale: statistic(-2, 2),
  })
}
const shapes = fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 1, max: 4 })))

const fused = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, offset: tf.Tensor, scale: tf.Tensor) =>
  tf.batchNorm(
    x as tf.Tensor4D,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    offset as tf.Tensor1D,
    scale as tf.Tensor1D,
  )

/** With the statistics of the batch itself, as in training; between convolutions, so that channels come first. */
const training = (x: tf.Tensor, filter: tf.Tensor, offset: tf.Tensor, scale: tf.Tensor) => {
  const h = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same')
  const { mean, variance } = tf.moments(h, [0, 1, 2])
  const normal = tf.mul(tf.sub(h, mean), tf.rsqrt(tf.add(variance, 1e-2)))
  return tf.conv2d(tf.add(tf.mul(normal, scale), offset) as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same')
}

describe('batch normalisation', () => {
  it('with given statistics, and its gradients', async () => {
    await check(shapes.chain(operands), (data) => expectSame(withGradients(fused as never), data, LOOSE), 12)
    await check(operands([5, 3]), (data) => expectSame(withGradients(fused as never), data, LOOSE))
  })

  it('with given statistics, without scale and offset, and after a convolution', async () => {
    await check(
      fc.record({ data: operands([2, 3, 3, 2]), filter: tensor([2, 2, 2, 2]) }),
      ({ data: { x, mean, variance, offset, scale }, filter }) =>
        expectSame(
          (inputs) => {
            const t = inputs as Record<string, tf.Tensor1D>
            const h = tf.conv2d(inputs.x as tf.Tensor4D, inputs.filter as tf.Tensor4D, 1, 'same')
            return {
              plain: tf.batchNorm(h, t.mean!, t.variance!),
              scaled: tf.batchNorm(h, t.mean!, t.variance!, undefined, t.scale!, 1e-5),
              whole: tf.batchNorm(h, t.mean!, t.variance!, t.offset!, t.scale!),
              rows: tf.batchNorm(tf.reshape(h, [18, 2]) as tf.Tensor2D, t.mean!, t.variance!, t.offset!),
            }
          },
          { x, mean, variance, offset, scale, filter },
          LOOSE,
        ),
    )
  })

  it('with the statistics of the batch, and its gradients', async () => {
    const data = shapes.chain(([batch, rows, columns, channels]) =>
      fc.record({
        x: tensor([batch! + 1, rows!, columns!, 2]),
        filter: tensor([2, 2, 2, 2]),
        offset: tensor([2]),
        scale: tensor([channels! > 2 ? 1 : 2]),
      }),
    )
    await check(
      data,
      (operands) => expectSame(withGradients(training as never), operands, { absolute: 1e-3, relative: 1e-3 }),
      8,
    )
  })

  it('has the right second derivatives', async () => {
    await check(operands([2, 2, 3, 2]), (data) => expectCurvature(fused as never, data, 1 / 64, 5e-3), 3)
    const smooth = (shape: number[], k: number): Operand => {
      const size = shape.reduce((product, side) => product * side, 1)
      return { shape, dtype: 'float32', data: Float32Array.from({ length: size }, (_, i) => Math.sin(k + 2.3 * i)) }
    }
    await expectCurvature(
      training as never,
      { x: smooth([3, 3, 2, 2], 1), filter: smooth([2, 2, 2, 2], 2), offset: smooth([2], 3), scale: smooth([2], 4) },
      1 / 64,
      5e-3,
    )
  })
})

describe('dropout', () => {
  it('from bits that the host made, on rows and on images', async () => {
    const data = fc.record({
      x: tensor([2, 3, 3, 2]),
      filter: tensor([2, 2, 2, 2]),
      bits: tensor([2, 3, 3, 2], 0, 1, 'uint8'),
    })
    await check(data, (operands) =>
      expectSame(
        ({ x, filter, bits }) => {
          const kept = tf.div((bits as tf.Tensor).toFloat(), 0.5)
          const net = (image: tf.Tensor, w: tf.Tensor) => {
            const dropped = tf.mul(tf.conv2d(image as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), kept)
            return tf.mul(tf.square(dropped).reshape([2, -1]), kept.reshape([2, -1]))
          }
          return withGradients(net)({ x: x!, filter: filter! })
        },
        operands,
        LOOSE,
      ),
    )
  })
})
