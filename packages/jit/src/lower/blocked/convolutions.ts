/** Convolutions in ONNX Runtime's blocked layout. */
import { NCHWC, type OnnxNode, type Ref } from '../../onnx/builder.js'
import type { WindowAttributes } from '../../optimize/spatial.js'
import type { Node } from '../../trace/graph.js'
import type { Context, Lowering } from '../context.js'
import { widthwiseGradient } from '../convolution.js'
import { transposed, windowAttributes, windowsOf } from '../windows.js'
import { blockedFilter, strideFilter } from './filters.js'
import { reordered } from './layouts.js'
import { sideBySide } from './side-by-side.js'
import { strideWindows } from './stride-windows.js'

/** The inputs of a node by their names, those that are there. */
const named = (node: Node, context: Context): Partial<Record<string, Ref>> =>
  Object.fromEntries(node.inputNames!.map((name, i) => [name, context.full(node.inputs[i]!)]))

/** Convolutions by ONNX Runtime's op, with what it can do besides: add a bias, add a tensor, take the ReLU. */
function blockedConvolution(
  { builder }: Context,
  [x, filter, bias, sum]: readonly (Ref | undefined)[],
  shape: readonly number[],
  attributes: OnnxNode['attributes'],
  relu: unknown,
): Ref {
  const activation: OnnxNode['attributes'] = relu ? { activation: 'Relu' } : {}
  const inputs = sum ? [x, filter, bias, sum] : bias ? [x, filter, bias] : [x, filter]
  return builder.add('Conv', inputs, shape, 'float32', { ...attributes, ...activation }, NCHWC)
}

/** A node's convolution of its first input; small images side by side where that is faster. */
function convolved(node: Node, context: Context, filter: Ref, windows: WindowAttributes): Ref {
  const { bias, sum } = named(node, context)
  const x = context.full(node.inputs[0]!)
  const { shape } = node.outputs[0]!
  const attributes = windowAttributes(windows)
  const wide = sum ? undefined : sideBySide(context, x, windows, shape[1]!)
  if (!wide) return blockedConvolution(context, [x, filter, bias, sum], shape, attributes, node.attrs.relu)
  const inputs = [wide.images, filter, bias]
  return wide.takeApart(blockedConvolution(context, inputs, wide.shape, attributes, node.attrs.relu))
}

const convolution: Lowering = (node, context) =>
  convolved(node, context, blockedFilter(context, context.full(node.inputs[1]!)), windowsOf(node))

const inputGradient: Lowering = (node, context) => {
  const windows = windowsOf(node)
  const filter = strideFilter(context, context.full(node.inputs[1]!), windows)
  return convolved(node, context, filter, strideWindows(windows))
}

/**
 * The gradient of a filter with one block of outputs, two columns at a time: so few rows in the products would leave copying
 * the images as the larger part of the work.
 *
 * @param node of images with channels last and upstream gradients in blocks, of an even number of columns
 */
const filterGradient: Lowering = (node, context) => {
  const { builder } = context
  const [x, dy] = node.inputs.map((value) => context.full(value)) as [Ref, Ref]
  const [batch, outputs, rows, columns] = dy.shape as [number, number, number, number]
  // One block of channels is channels last, and so are those of two columns; then they go to the front.
  const [lines, half, both] = [batch * rows, columns / 2, 2 * outputs]
  const pairs = builder.reshape(dy, [1, lines, half, both])
  const blocks = reordered(context, pairs, [1, both, lines, half], { channels_last: 1 })
  const first = builder.add(
    'ReorderOutput',
    [blocks],
    blocks.shape,
    'float32',
    { channels: both, channels_last: 0 },
    NCHWC,
  )
  const filters = builder.reshape(first, [2, outputs, batch, rows, half])
  return widthwiseGradient(context, x, filters, windowsOf(node), node.outputs[0]!.shape)
}

/** Pixels of an image from the channels that each place in a stride has of its own. */
const together: Lowering = (node, context) => {
  const { builder, block: size } = context
  const x = context.full(node.inputs[0]!)
  const { shape } = node.outputs[0]!
  const [batch, channels] = shape as [number, number]
  const [strideRows, strideColumns] = windowsOf(node).strides as [number, number]
  const apart = [batch, strideRows, strideColumns, channels / size, ...x.shape.slice(2), size]
  return builder.reshape(transposed(context, builder.reshape(x, apart), [0, 3, 4, 1, 5, 2, 6]), shape)
}

/** A depthwise convolution with windows of one pixel: much faster than ONNX Runtime's element-wise products and sums. */
const affine: Lowering = (node, context) => {
  const { x, factor, bias, sum } = named(node, context)
  const channels = x!.shape[1]!
  const filter = context.builder.reshape(factor!, [channels, 1, 1, 1])
  const attributes = { kernel_shape: [1, 1], group: channels }
  return blockedConvolution(context, [x, filter, bias, sum], x!.shape, attributes, node.attrs.relu)
}

export const convolutions: Record<string, Lowering> = {
  BlockedConv2D: convolution,
  BlockedConv2DBackpropInput: inputGradient,
  BlockedConv2DBackpropFilter: filterGradient,
  BlockedTogether: together,
  BlockedAffine: affine,
}
