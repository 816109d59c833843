/** Poolings and their gradients. */
import type { Ref } from '../onnx/builder.js'
import { quarters, tiles } from '../optimize/geometry.js'
import type { Node } from '../trace/graph.js'
import { sizeOf } from '../tree.js'
import type { Context, Lowering } from './context.js'
import { transposedConvolution } from './convolution.js'
import { quartersGradient } from './quarters.js'
import { area, windowAttributes, windowsOf } from './windows.js'

/**
 * Maxima and where they are, as places in all of the images; of equal ones the first in reading order, as in
 * TensorFlow.js. Shared by a pooling and its gradient; places that nobody needs are dropped in the end.
 */
function maxima(context: Context, x: Ref, node: Node, shape: readonly number[]): readonly [Ref, Ref] {
  const attributes = windowAttributes(windowsOf(node))
  return context.once(`maxima ${x.name} ${JSON.stringify(attributes)}`, () => {
    const outputs = [
      { shape, type: x.type },
      { shape, type: 'int64' as const },
    ]
    return context.builder.addMany('MaxPool', [x], outputs, attributes)
  }) as readonly [Ref, Ref]
}

const maxPool: Lowering = (node, context) =>
  maxima(context, context.full(node.inputs[0]!), node, node.outputs[0]!.shape)[0]

/** Places in images with channels first, as places in the same images with channels last. */
function channelsLast({ builder }: Context, places: Ref, x: Ref): Ref {
  const [batch, channels, rows, columns] = x.shape as [number, number, number, number]
  // Place p of image n and channel c is pixel p - (n * channels + c) * pixels, at (n * pixels + pixel) * channels + c.
  const pixels = rows * columns
  const shift = Array.from({ length: batch * channels }, (_, plane) => {
    const [image, channel] = [Math.floor(plane / channels), plane % channels]
    return image * pixels * channels + channel - plane * pixels * channels
  })
  const scaled = builder.add('Mul', [places, builder.scalar(channels, 'int64')], places.shape, 'int64')
  const shifts = builder.constant(shift, [batch, channels, 1, 1], 'int64')
  return builder.cast(builder.add('Add', [scaled, shifts], places.shape, 'int64'), 'int32')
}

const maxPoolWithPlaces: Lowering = (node, context) => {
  const x = context.full(node.inputs[0]!)
  const [y, places] = maxima(context, x, node, node.outputs[0]!.shape)
  return [y, channelsLast(context, places, x)]
}

const maxPoolGradient: Lowering = (node, context) => {
  const { builder } = context
  const [dy, x] = node.inputs.map((value) => context.full(value)) as [Ref, Ref]
  const windows = windowsOf(node)
  const { shape } = node.outputs[0]!
  if (quarters(windows)) {
    const [batch, channels, height, width] = dy.shape as [number, number, number, number]
    const pixels = builder.reshape(x, [batch * channels, height, 2, width, 2, 1])
    const gradients = builder.reshape(dy, [batch * channels, height, 1, width, 1, 1])
    return builder.reshape(quartersGradient(builder, pixels, gradients), shape)
  }
  const [, places] = maxima(context, x, node, dy.shape)
  const apart = windows.kernel.every((side, i) => side <= windows.strides[i]!)
  if (apart)
    return builder.add('MaxUnpool', [dy, places, builder.ints(shape)], shape, x.type, windowAttributes(windows))
  // A pixel may be the maximum of several windows.
  const size = [sizeOf(shape)]
  const zeros = builder.add('Expand', [builder.scalar(0, x.type), builder.ints(size)], size, x.type)
  const [at, list] = [places, dy].map((ref) => builder.reshape(ref, [sizeOf(dy.shape)]))
  const sum = builder.add('ScatterElements', [zeros, at, list], size, x.type, { axis: 0, reduction: 'add' })
  return builder.reshape(sum, shape)
}

const averagePool: Lowering = (node, context) => {
  const x = context.full(node.inputs[0]!)
  return context.builder.add('AveragePool', [x], node.outputs[0]!.shape, x.type, windowAttributes(windowsOf(node)))
}

/** Every pixel of a window gets its share of the window's gradient. */
const averagePoolGradient: Lowering = (node, context) => {
  const { builder } = context
  const dy = context.full(node.inputs[0]!)
  const { shape } = node.outputs[0]!
  const windows = windowsOf(node)
  const [rows, columns] = windows.kernel
  const share = builder.scalar(1 / area(windows.kernel), dy.type)
  const [batch, channels, height, width] = dy.shape as [number, number, number, number]
  if (tiles(windows)) {
    const scaled = builder.add('Mul', [dy, share], dy.shape, dy.type)
    const tiles = [batch, channels, height, rows, width, columns]
    const small = builder.reshape(scaled, [batch, channels, height, 1, width, 1])
    return builder.reshape(builder.add('Expand', [small, builder.ints(tiles)], tiles, dy.type), shape)
  }
  const one = [channels, 1, rows, columns]
  const filter = builder.add('Expand', [share, builder.ints(one)], one, dy.type)
  return transposedConvolution(context, dy, filter, windows, shape, channels)
}

export const pools: Record<string, Lowering> = {
  MaxPool: maxPool,
  MaxPoolWithArgmax: maxPoolWithPlaces,
  MaxPoolGrad: maxPoolGradient,
  AvgPool: averagePool,
  AvgPoolGrad: averagePoolGradient,
}
