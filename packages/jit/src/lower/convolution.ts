/** Convolutions, depthwise ones too, and their gradients, as plain ONNX convolutions and products. */
import type { Ref } from '../onnx/builder.js'
import { pointwise } from '../optimize/geometry.js'
import type { WindowAttributes } from '../optimize/spatial.js'
import type { Node } from '../trace/graph.js'
import type { Context, Lowering } from './context.js'
import { area, channelMajor, positive, reached, transposed, windowAttributes, windowsOf } from './windows.js'

const operands = (node: Node, context: Context) => node.inputs.map((value) => context.full(value)) as [Ref, Ref]

/** A filter as ONNX has it, [out, in, rows, columns], shared by the convolution and the gradient of its input. */
const outputMajor = (context: Context, filter: Ref): Ref =>
  context.once(`output-major ${filter.name}`, () => [transposed(context, filter, [3, 2, 0, 1])])[0]!

/** A depthwise filter [rows, columns, channels, multiplier] as [channels * multiplier, 1, rows, columns]. */
const depthMajor = (context: Context, filter: Ref): Ref =>
  context.once(`depth-major ${filter.name}`, () => {
    const [rows, columns, channels, multiplier] = filter.shape as [number, number, number, number]
    const moved = transposed(context, filter, [2, 3, 0, 1])
    return [context.builder.reshape(moved, [channels * multiplier, 1, rows, columns])]
  })[0]!

const convolution: Lowering = (node, context) => {
  const [x, filter] = operands(node, context)
  return context.builder.add(
    'Conv',
    [x, outputMajor(context, filter)],
    node.outputs[0]!.shape,
    'float32',
    windowAttributes(windowsOf(node)),
  )
}

const depthwise: Lowering = (node, context) => {
  const [x, filter] = operands(node, context)
  const attributes = { ...windowAttributes(windowsOf(node)), group: x.shape[1]! }
  return context.builder.add('Conv', [x, depthMajor(context, filter)], node.outputs[0]!.shape, 'float32', attributes)
}

/** The gradient of a convolution's input, for a filter [out, in / groups, rows, columns]. */
export function transposedConvolution(
  { builder }: Context,
  dy: Ref,
  filter: Ref,
  windows: WindowAttributes,
  shape: readonly number[],
  group = 1,
): Ref {
  // Rows and columns that no window reaches have no gradient.
  const missed = windows.after.map((padding) => Math.max(-padding, 0))
  const attributes = { ...windowAttributes(windows), output_padding: missed, group }
  return builder.add('ConvTranspose', [dy, filter], shape, 'float32', attributes)
}

/** A filter turned by half a turn and with in and out exchanged: [in, out, rows, columns]. */
function turned(context: Context, filter: Ref): Ref {
  const { builder } = context
  const [rows, columns, inputs, outputs] = filter.shape as [number, number, number, number]
  const places = rows * columns
  const list = builder.reshape(filter, [places, inputs, outputs])
  const backwards = builder.ints(Array.from({ length: places }, (_, i) => places - 1 - i))
  const reversed = places === 1 ? list : builder.add('Gather', [list, backwards], list.shape, list.type, { axis: 0 })
  return builder.reshape(transposed(context, reversed, [1, 2, 0]), [inputs, outputs, rows, columns])
}

/** Upstream gradients with fewer pixels than this part of the input's: a transposed convolution, which works on them, wins. */
const FEW = 0.6

/** With stride 1 the gradient of the input is a convolution again, which is faster than a transposed one. */
const inputGradient: Lowering = (node, context) => {
  const [dy, filter] = operands(node, context)
  const { shape } = node.outputs[0]!
  const windows = windowsOf(node)
  const { kernel, strides, before, after } = windows
  const [first, last] = [before, after].map((padding) => kernel.map((side, i) => side - 1 - padding[i]!))
  const isSmall = area(dy.shape.slice(2)) < FEW * area(shape.slice(2))
  if (area(strides) !== 1 || isSmall || [...first!, ...last!].some((padding) => padding < 0)) {
    return transposedConvolution(context, dy, outputMajor(context, filter), windows, shape)
  }
  const attributes = { kernel_shape: kernel, pads: [...first!, ...last!] }
  return context.builder.add('Conv', [dy, turned(context, filter)], shape, 'float32', attributes)
}

const depthwiseInputGradient: Lowering = (node, context) => {
  const [dy, filter] = operands(node, context)
  const { shape } = node.outputs[0]!
  return transposedConvolution(context, dy, depthMajor(context, filter), windowsOf(node), shape, shape[1]!)
}

/** The gradient of a filter is a convolution with batch and channels exchanged and the upstream gradient as the filter. */
const correlation = ({ strides, before, after }: WindowAttributes, dy: Ref) => ({
  kernel_shape: dy.shape.slice(2),
  dilations: strides,
  pads: [...before, ...positive(after)],
})

/** Without neighbours or padding, the gradient of a filter is one product over all pixels, which have their channels last. */
function pointwiseFilterGradient({ builder }: Context, x: Ref, dy: Ref, { strides }: WindowAttributes): Ref {
  const [batch, height, width, outputs] = dy.shape as [number, number, number, number]
  const inputs = x.shape[3]!
  const ends = [height, width].map((side, i) => (side - 1) * strides[i]! + 1)
  const parameters = [[0, 0], ends, [1, 2], strides].map((list) => builder.ints(list))
  const whole = x.shape[1] === height && x.shape[2] === width
  const seen = whole ? x : builder.add('Slice', [x, ...parameters], [batch, height, width, inputs], x.type)
  const pixels = batch * height * width
  const [left, right] = [builder.reshape(seen, [pixels, inputs]), builder.reshape(dy, [pixels, outputs])]
  return builder.add('Gemm', [left, right], [inputs, outputs], 'float32', { transA: 1 })
}

/**
 * The gradient of a filter is one convolution: the images are a single one whose channels are the batch and whose columns
 * have the channels between them; the upstream gradients are the filters, and their dilation steps from column to column.
 * So the products are wide: outputs times rows, columns and inputs of the filter.
 *
 * @param x images, channels last
 * @param dy upstream gradients, [columns next to each other, outputs, batch, rows, columns apart]: columns next to each other
 *   are filters of their own
 * @param shape of the filter
 */
export function widthwiseGradient(
  context: Context,
  x: Ref,
  dy: Ref,
  { strides, before, after }: WindowAttributes,
  shape: readonly number[],
): Ref {
  const { builder } = context
  const [rows, columns, from, to] = shape as [number, number, number, number]
  const [batch, height, width] = x.shape as [number, number, number]
  const next = dy.shape[0]!
  // Without the rows and columns at the end that no window reaches.
  const sides = [height, width].map((side, i) => side + Math.min(after[i]!, 0)) as [number, number]
  const parameters = [[0, 0], sides, [1, 2]].map((list) => builder.ints(list))
  const seen = [batch, ...sides, from]
  const images = after.some((padding) => padding < 0) ? builder.add('Slice', [x, ...parameters], seen, 'float32') : x
  const interleaved = builder.reshape(images, [1, batch, sides[0], sides[1] * from])
  const step = strides[1]! * from
  const pads = [before[0]!, before[1]! * from, Math.max(after[0]!, 0), Math.max(after[1]!, 0) * from]
  const attributes = { kernel_shape: dy.shape.slice(3), dilations: [strides[0]!, next * step], pads }
  const filters = builder.reshape(dy, [next * to, ...dy.shape.slice(2)])
  const wide = [1, next * to, rows, columns * from + (next - 1) * step]
  const found = builder.add('Conv', [interleaved, filters], wide, 'float32', attributes)
  // Each column's gradient begins where the column does.
  const gradients = Array.from({ length: next }, (_, column) => {
    if (next === 1) return found
    const starts = [column * to, column * step]
    const ends = [(column + 1) * to, column * step + columns * from]
    const range = [starts, ends, [1, 3]].map((list) => builder.ints(list))
    return builder.add('Slice', [found, ...range], [1, to, rows, columns * from], 'float32')
  })
  const sum = gradients.reduce((left, right) => builder.add('Add', [left, right], left.shape, 'float32'))
  const list = builder.reshape(sum, [to, rows * columns * from])
  return builder.reshape(transposed(context, list, [1, 0]), [rows, columns, from, to])
}

/** @param node of images with channels last and upstream gradients with channels first; of single pixels with channels last */
const filterGradient: Lowering = (node, context) => {
  const { builder } = context
  const [x, dy] = operands(node, context)
  const { shape } = node.outputs[0]!
  const windows = windowsOf(node)
  if (pointwise(windows)) return builder.reshape(pointwiseFilterGradient(context, x, dy, windows), shape)
  const major = channelMajor(context, dy)
  return widthwiseGradient(context, x, builder.reshape(major, [1, ...major.shape]), windows, shape)
}

const depthwiseFilterGradient: Lowering = (node, context) => {
  const { builder } = context
  const [x, dy] = operands(node, context)
  const { shape } = node.outputs[0]!
  const windows = windowsOf(node)
  const [rows, columns, channels, multiplier] = shape as [number, number, number, number]
  const images = channelMajor(context, reached(context, x, windows))
  const [batch, ...sides] = images.shape.slice(1)
  const inputs = [builder.reshape(images, [1, channels * batch!, ...sides]), channelMajor(context, dy)]
  const attributes = { ...correlation(windows, dy), group: channels }
  const found = builder.add('Conv', inputs, [1, channels * multiplier, rows, columns], 'float32', attributes)
  return transposed(context, builder.reshape(found, [channels, multiplier, rows, columns]), [2, 3, 0, 1])
}

export const convolutions: Record<string, Lowering> = {
  Conv2D: convolution,
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
  DepthwiseConv2dNative: depthwise,
  DepthwiseConv2dNativeBackpropInput: depthwiseInputGradient,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGradient,
}
