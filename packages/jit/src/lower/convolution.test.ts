/** Convolutions against TensorFlow.js's `cpu` backend: values, gradients, and second derivatives. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { check, LOOSE, tensor } from '../arbitraries.js'
import { expectCurvature } from '../curvature.js'
import { createEngine, UnsupportedKernelError } from '../index.js'
import { expectSame, withGradients } from '../testing.js'
import { tf } from '../tf.js'
import { convolutionWindows } from '../trace/windows.js'

type Pad = Parameters<typeof tf.conv2d>[3]

const side = fc.integer({ min: 1, max: 6 })
const few = fc.integer({ min: 1, max: 3 })
const margin = fc.integer({ min: 0, max: 2 })
const explicit = fc.tuple(margin, margin, margin, margin).map(
  ([top, bottom, left, right]): Pad => [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ],
)

/** Images, kernel sides, strides and padding such that there is at least one window. */
const windows = fc
  .record({
    batch: few,
    rows: side,
    columns: side,
    channels: fc.integer({ min: 1, max: 4 }),
    kernel: fc.tuple(few, few),
    strides: fc.tuple(few, few),
    pad: fc.oneof(fc.constantFrom<Pad[]>('same', 'valid', 1), explicit),
  })
  // TensorFlow.js takes the kernel's rows and the stride of rows for both axes when the padding is a number.
  .map((w) => (w.pad === 1 ? { ...w, kernel: [w.kernel[0], w.kernel[0]], strides: [w.strides[0], w.strides[0]] } : w))
  .filter(({ rows, columns, kernel, strides, pad }) => {
    const filter = [...(kernel as [number, number]), 1]
    return convolutionWindows([1, rows, columns, 1], filter, { strides, pad }) !== undefined
  })

const cases = windows.chain(({ batch, rows, columns, channels, kernel, ...rest }) =>
  fc.integer({ min: 1, max: 4 }).chain((outputs) =>
    fc.record({
      x: tensor([batch, rows, columns, channels]),
      filter: tensor([...kernel, channels, outputs]),
      how: fc.constant(rest as { strides: [number, number]; pad: Pad }),
    }),
  ),
)

const convolution =
  ({ strides, pad }: { strides: [number, number]; pad: Pad }) =>
  (x: tf.Tensor, filter: tf.Tensor) =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad)
const depthwise =
  ({ strides, pad }: { strides: [number, number]; pad: Pad }) =>
  (x: tf.Tensor, filter: tf.Tensor) =>
    tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad)

describe.each([
  ['conv2d', convolution],
  ['depthwiseConv2d', depthwise],
] as const)('%s', (_, op) => {
  it('and its gradients, for all strides, paddings and sides', async () => {
    await check(cases, ({ x, filter, how }) => expectSame(withGradients(op(how)), { x, filter }, LOOSE), 40)
  })

  it('has the right second derivatives', async () => {
    await check(cases, ({ x, filter, how }) => expectCurvature(op(how), { x, filter }), 12)
  })
})

describe('convolutions', () => {
  it('of strides that leave rows out, and of 1x1 kernels', async () => {
    const image = tensor([2, 8, 7, 3])
    const some: [number, number, [number, number]][] = [
      [1, 1, [2, 2]],
      [1, 1, [1, 1]],
      [3, 3, [2, 2]],
      [2, 1, [3, 2]],
      [1, 3, [1, 3]],
    ]
    for (const [rows, columns, strides] of some) {
      for (const pad of ['same', 'valid'] as const) {
        const both = fc.record({ x: image, filter: tensor([rows, columns, 3, 2]) })
        await check(both, (data) => expectSame(withGradients(convolution({ strides, pad })), data, LOOSE), 1)
      }
    }
  })

  it('in chains with biases, activations and sums, also of one image without a batch', async () => {
    const net = (x: tf.Tensor, a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor) => {
      const first = tf.relu(tf.add(tf.conv2d(x as tf.Tensor4D, a as tf.Tensor4D, 1, 'same'), bias))
      const second = tf.conv2d(first as tf.Tensor4D, b as tf.Tensor4D, 1, 'same')
      return tf.tanh(tf.add(first, tf.mul(second, 0.125)))
    }
    const data = (batch: number[]) =>
      fc.record({
        x: tensor([...batch, 5, 4, 2]),
        a: tensor([3, 3, 2, 3], -1, 1),
        b: tensor([3, 3, 3, 3], -1, 1),
        bias: tensor([3]),
      })
    for (const batch of [[], [2]]) {
      await check(data(batch), (operands) => expectSame(withGradients(net as never), operands, LOOSE), 3)
    }
  })

  it('of one axis, and transposed', async () => {
    const one = fc.record({ x: tensor([2, 7, 3]), filter: tensor([3, 3, 2]) })
    await check(one, (data) =>
      expectSame(
        withGradients((x, filter) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 2, 'same')),
        data,
        LOOSE,
      ),
    )
    const up = fc.record({ x: tensor([2, 3, 3, 2]), filter: tensor([3, 3, 4, 2]) })
    await check(up, (data) =>
      expectSame(
        withGradients((x, filter) =>
          tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, [2, 6, 6, 4], 2, 'same'),
        ),
        data,
        LOOSE,
      ),
    )
  })

  it('that cannot be compiled are refused by name, with shapes and caller', async () => {
    const engine = await createEngine()
    const signature = {
      x: { shape: [1, 5, 5, 2], dtype: 'float32' as const },
      filter: { shape: [3, 3, 2, 4], dtype: 'float32' as const },
    }
    const error = await engine
      .compile(
        ({ x, filter }) => ({ y: tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'valid', 'NHWC', 2) }),
        signature,
      )
      .catch((e: unknown) => e)
    expect(error).toBeInstanceOf(UnsupportedKernelError)
    expect((error as Error).message).toMatch(
      /Conv2D on shapes float32\[1, 5, 5, 2\], float32\[3, 3, 2, 4\], called by conv2d .*convolution\.test\.ts/,
    )
  })
})
