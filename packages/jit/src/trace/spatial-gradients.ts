/**
 * Gradients of convolutions, poolings and batch normalisation that TensorFlow.js lacks or gets wrong. The gradient
 * kernels of an op that is linear in an operand are linear themselves, so their gradients are again such kernels.
 */
import { tf } from '../tf.js'
import { unbroadcast } from './unbroadcast.js'
import { poolWindows, type Windows } from './windows.js'

type Attributes = Record<string, unknown>
type KernelAttributes = Parameters<ReturnType<typeof tf.engine>['runKernel']>[2]
type Gradient = Parameters<typeof tf.registerGradient>[0]['gradFunc']

const kernel = (name: string, inputs: Record<string, tf.Tensor>, attrs: Attributes) =>
  tf.engine().runKernel(name, inputs, attrs as KernelAttributes)
const image = (name: string, inputs: Record<string, tf.Tensor>, attrs: Attributes) =>
  kernel(name, inputs, attrs) as tf.Tensor

/** The attributes of a convolution that its gradients share with it. */
const shared = ({ strides, pad, dataFormat, dilations, dimRoundingMode }: Attributes): Attributes =>
  Object.fromEntries(
    Object.entries({ strides, pad, dataFormat, dilations, dimRoundingMode }).filter(([, value]) => value !== undefined),
  )

/** Gradients of the two gradient kernels of a convolution `conv`. */
function convolution(conv: string, inputGradient: string, filterGradient: string): void {
  const forward = (x: tf.Tensor, filter: tf.Tensor, attrs: Attributes) =>
    // A gradient kernel of conv2d has no dilations, conv2d itself needs some.
    image(conv, { x, filter }, { dilations: [1, 1], ...shared(attrs) })
  const ofInput: Gradient = (ddx, saved, attrs) => {
    const [dy, filter] = saved as [tf.Tensor, tf.Tensor]
    const upstream = ddx as tf.Tensor
    return {
      dy: () => forward(upstream, filter, attrs),
      filter: () => image(filterGradient, { x: upstream, dy }, { ...shared(attrs), filterShape: filter.shape }),
    }
  }
  const ofFilter: Gradient = (ddw, saved, attrs) => {
    const [x, dy] = saved as [tf.Tensor, tf.Tensor]
    const filter = ddw as tf.Tensor
    return {
      x: () => image(inputGradient, { dy, filter }, { ...shared(attrs), inputShape: x.shape }),
      dy: () => forward(x, filter, attrs),
    }
  }
  tf.registerGradient({ kernelName: inputGradient, inputsToSave: ['dy', 'filter'], gradFunc: ofInput })
  tf.registerGradient({ kernelName: filterGradient, inputsToSave: ['x', 'dy'], gradFunc: ofFilter })
}

/** How many elements of a window lie on the image, over all that a window has; undefined where all of every window do. */
function coverage({ kernel, input, output, strides, before, after }: Windows): tf.Tensor | undefined {
  if ([...before, ...after].every((padding) => padding <= 0)) return undefined
  const [rows, columns] = [0, 1].map((i) =>
    Array.from({ length: output[i]! }, (_, at) => {
      const from = at * strides[i]! - before[i]!
      return (Math.min(from + kernel[i]!, input[i]!) - Math.max(from, 0)) / kernel[i]!
    }),
  )
  const shares = rows!.flatMap((row) => columns!.map((column) => row * column))
  return tf.tensor4d(shares, [1, ...output, 1])
}

/**
 * A mean leaves out the padding, but TensorFlow.js's AvgPoolGrad divides by the whole window: right only without padding.
 * The upstream gradient of a window is scaled first, so that the kernel may stay as it is.
 */
function averagePool(): void {
  tf.registerGradient({
    kernelName: 'AvgPool',
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => {
      const [input] = saved as [tf.Tensor]
      return {
        x: () => {
          const share = coverage(poolWindows(input.shape, attrs)!)
          const scaled = share ? tf.div(dy as tf.Tensor, share) : (dy as tf.Tensor)
          return image('AvgPoolGrad', { dy: scaled, input }, attrs)
        },
      }
    },
  })
  tf.registerGradient({
    kernelName: 'AvgPoolGrad',
    inputsToSave: ['input'],
    gradFunc: (ddx, saved, attrs) => {
      const [input] = saved as [tf.Tensor]
      return {
        dy: () => {
          const share = coverage(poolWindows(input.shape, attrs)!)
          const mean = image('AvgPool', { x: ddx as tf.Tensor }, attrs)
          return share ? tf.mul(mean, share) : mean
        },
        input: () => tf.zerosLike(input),
      }
    },
  })
}

/** A window's gradient goes to its first maximum in reading order; which one that is, is constant almost everywhere. */
function maxPool(): void {
  tf.registerGradient({
    kernelName: 'MaxPoolGrad',
    inputsToSave: ['input', 'output'],
    gradFunc: (ddx, saved, attrs) => {
      const [input, output] = saved as [tf.Tensor, tf.Tensor]
      return {
        dy: () => {
          const { filterSize, strides, pad } = attrs
          const where = { filterSize, strides, pad, includeBatchInIndex: true }
          const [, places] = kernel('MaxPoolWithArgmax', { x: input }, where) as tf.Tensor[]
          return tf.gather((ddx as tf.Tensor).reshape([-1]), places as tf.Tensor4D)
        },
        input: () => tf.zerosLike(input),
        output: () => tf.zerosLike(output),
      }
    },
  })
}

/** TensorFlow.js's own tiles the statistics over the batch: one node for each pixel, in a second derivative. */
function batchNormalisation(): void {
  tf.registerGradient({
    kernelName: 'FusedBatchNorm',
    inputsToSave: ['x', 'mean', 'variance', 'scale'],
    gradFunc: (gradient, saved, attrs) => {
      const [x, mean, variance, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
      const dy = gradient as tf.Tensor
      const epsilon = Number(attrs.varianceEpsilon)
      const inverse = () => tf.rsqrt(tf.add(variance, epsilon))
      const scaled = () => tf.mul(dy, tf.mul(scale, inverse()))
      const centred = () => tf.sub(x, mean)
      return {
        x: scaled,
        mean: () => unbroadcast(tf.neg(scaled()), mean.shape),
        variance: () => {
          const slope = tf.mul(tf.mul(scaled(), centred()), tf.div(-0.5, tf.add(variance, epsilon)))
          return unbroadcast(slope, variance.shape)
        },
        scale: () => unbroadcast(tf.mul(dy, tf.mul(centred(), inverse())), scale.shape),
        offset: () => unbroadcast(dy, mean.shape),
      }
    },
  })
}

export function registerSpatialGradients(): void {
  convolution('Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter')
  convolution('DepthwiseConv2dNative', 'DepthwiseConv2dNativeBackpropInput', 'DepthwiseConv2dNativeBackpropFilter')
  averagePool()
  maxPool()
  batchNormalisation()
}
