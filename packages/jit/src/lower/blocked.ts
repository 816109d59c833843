/** Ops in ONNX Runtime's blocked layout: its own domain, which has shapes as if channels came first. */
import { NCHWC, type OnnxNode, type Ref } from '../onnx/builder.js'
import type { WindowAttributes } from '../optimize/spatial.js'
import type { Node } from '../trace/graph.js'
import type { Context, Lowering } from './context.js'
import { quartersGradient } from './quarters.js'
import { strideWindows } from './stride-windows.js'
import { transposed, windowAttributes, windowsOf } from './windows.js'

/** The inputs of a node by their names, those that are there. */
const named = (node: Node, context: Context): Partial<Record<string, Ref>> =>
  Object.fromEntries(node.inputNames!.map((name, i) => [name, context.full(node.inputs[i]!)]))

/** Images with channels first, or last, in blocks of channels. */
const reordered = ({ builder }: Context, x: Ref, shape: readonly number[], attributes: { channels_last: 0 | 1 }): Ref =>
  builder.add('ReorderInput', [x], shape, 'float32', attributes, NCHWC)

/** A filter as blocked convolutions have it: blocks of outputs, of inputs, rows, columns, the inputs and the outputs of a block. */
const blockedFilter = (context: Context, filter: Ref): Ref =>
  context.once(`blocked ${filter.name}`, () => {
    const { builder, block } = context
    const [rows, columns, inputs, outputs] = filter.shape as [number, number, number, number]
    const size = inputs % block === 0 ? block : 1
    const shape = [rows * columns, inputs / size, size, outputs / block, block]
    const moved = transposed(context, builder.reshape(filter, shape), [3, 1, 0, 2, 4])
    return [builder.reshape(moved, [outputs, inputs, rows, columns])]
  })[0]!

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

const convolution: Lowering = (node, context) => {
  const [x, filter] = node.inputs.slice(0, 2).map((value) => context.full(value)) as [Ref, Ref]
  const { bias, sum } = named(node, context)
  const inputs = [x, blockedFilter(context, filter), bias, sum]
  return blockedConvolution(context, inputs, node.outputs[0]!.shape, windowAttributes(windowsOf(node)), node.attrs.relu)
}

/**
 * The filter of the convolution that is the gradient of another one's input: for each place in a stride an output channel
 * (rows of the stride, columns, channels), each with the entries of the filter that meet that place.
 */
function strideFilter(context: Context, filter: Ref, windows: WindowAttributes): Ref {
  const key = `stride ${JSON.stringify([windows.strides, windows.before])} ${filter.name}`
  return context.once(key, () => {
    const { builder, block } = context
    const [rows, columns, inputs, outputs] = filter.shape as [number, number, number, number]
    const { entries, places, kernel } = strideWindows(windows)
    const list = builder.reshape(filter, [rows * columns, inputs, outputs])
    const none = entries.includes(rows * columns)
    const edge = [1, inputs, outputs]
    const padded = none
      ? builder.add(
          'Concat',
          [list, builder.add('Expand', [builder.scalar(0, 'float32'), builder.ints(edge)], edge, 'float32')],
          [rows * columns + 1, inputs, outputs],
          'float32',
          { axis: 0 },
        )
      : list
    const single = entries.length === 1 && entries[0] === 0 && list.shape[0] === 1
    const gathered = single
      ? list
      : builder.add('Gather', [padded, builder.ints(entries)], [entries.length, inputs, outputs], 'float32', {
          axis: 0,
        })
    // The outputs as pixels of an image with the inputs as its channels; then blocks move as a whole.
    const images = builder.reshape(gathered, [entries.length, inputs, 1, outputs])
    const blocks = reordered(context, images, images.shape, { channels_last: 0 })
    const tiles = builder.reshape(blocks, [
      places,
      entries.length / places,
      (inputs * outputs) / block ** 2,
      block ** 2,
    ])
    return [builder.reshape(transposed(context, tiles, [0, 2, 1, 3]), [places * inputs, outputs, ...kernel])]
  })[0]!
}

const inputGradient: Lowering = (node, context) => {
  const [dy, filter] = node.inputs.slice(0, 2).map((value) => context.full(value)) as [Ref, Ref]
  const { bias, sum } = named(node, context)
  const windows = windowsOf(node)
  const { kernel, before, after } = strideWindows(windows)
  const attributes = { kernel_shape: kernel, pads: [...before, ...after] }
  const inputs = [dy, strideFilter(context, filter, windows), bias, sum]
  return blockedConvolution(context, inputs, node.outputs[0]!.shape, attributes, node.attrs.relu)
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

const block: Lowering = (node, context) =>
  reordered(context, context.full(node.inputs[0]!), node.outputs[0]!.shape, {
    channels_last: node.attrs.channelsLast ? 1 : 0,
  })

const unblock: Lowering = (node, context) => {
  const x = context.full(node.inputs[0]!)
  const { shape } = node.outputs[0]!
  // One block of channels is channels last.
  if (node.attrs.channelsLast && x.shape[1] === context.block) return context.builder.reshape(x, shape)
  const attributes = { channels: x.shape[1]!, channels_last: node.attrs.channelsLast ? 1 : 0 }
  return context.builder.add('ReorderOutput', [x], shape, 'float32', attributes, NCHWC)
}

/** ONNX Runtime blocks images whose channels are a multiple of this, and fills the last block up with zeros. */
const QUARTER = 4

/**
 * Images with channels first as images with channels last, by way of blocks: faster than a transposition.
 *
 * @returns undefined for other transpositions, and where there are no blocks
 */
export function throughBlocks(context: Context, x: Ref, perm: readonly number[]): Ref | undefined {
  const { builder, block } = context
  const [batch, channels, ...sides] = x.shape as [number, number, number, number]
  if (block === 0 || String(perm) !== '0,2,3,1' || x.type !== 'float32' || channels % QUARTER !== 0) return undefined
  const padded = [batch, Math.ceil(channels / block) * block, ...sides]
  const blocks = reordered(context, x, padded, { channels_last: 0 })
  const shape = [batch, ...sides, channels]
  return builder.add('ReorderOutput', [blocks], shape, 'float32', { channels, channels_last: 1 }, NCHWC)
}

const mean: Lowering = (node, context) => {
  const x = context.full(node.inputs[0]!)
  const [batch, channels] = x.shape as [number, number]
  const pooled = context.builder.add('GlobalAveragePool', [x], [batch, channels, 1, 1], 'float32', {}, NCHWC)
  return context.builder.reshape(pooled, [batch, channels])
}

/** [batch or 1, channels, 1, 1] for all pixels. */
const spread: Lowering = (node, context) => {
  const { builder } = context
  const x = context.full(node.inputs[0]!)
  const { shape } = node.outputs[0]!
  const [batch, channels, rows, columns] = shape as [number, number, number, number]
  const size = context.block
  const small = builder.reshape(x, [x.shape[0]!, channels / size, 1, size])
  const large = [batch, channels / size, rows * columns, size]
  return builder.reshape(builder.add('Expand', [small, builder.ints(large)], large, 'float32'), shape)
}

const maxPool: Lowering = (node, context) => {
  const x = context.full(node.inputs[0]!)
  return context.builder.add(
    'MaxPool',
    [x],
    node.outputs[0]!.shape,
    'float32',
    windowAttributes(windowsOf(node)),
    NCHWC,
  )
}

const maxPoolGradient: Lowering = (node, context) => {
  const { builder } = context
  const [dy, x] = node.inputs.map((value) => context.full(value)) as [Ref, Ref]
  const [batch, channels, height, width] = dy.shape as [number, number, number, number]
  const size = context.block
  const planes = batch * (channels / size)
  const pixels = builder.reshape(x, [planes, height, 2, width, 2, size])
  const gradients = builder.reshape(dy, [planes, height, 1, width, 1, size])
  return builder.reshape(quartersGradient(builder, pixels, gradients), node.outputs[0]!.shape)
}

const averagePool: Lowering = (node, context) => {
  const x = context.full(node.inputs[0]!)
  const attributes = windowAttributes(windowsOf(node))
  return context.builder.add('AveragePool', [x], node.outputs[0]!.shape, 'float32', attributes, NCHWC)
}

/** Pixels with the zeros between them that no window saw. */
const averagePoolGradient: Lowering = (node, context) => {
  const { builder } = context
  const dy = context.full(node.inputs[0]!)
  const { shape } = node.outputs[0]!
  const [batch, channels, rows, columns] = shape as [number, number, number, number]
  const size = context.block
  const [strideRows, strideColumns] = windowsOf(node).strides as [number, number]
  const [height, width] = dy.shape.slice(2) as [number, number]
  const planes = batch * (channels / size)
  const wide = [planes, height, strideRows, width, strideColumns * size]
  const zeros = [0, 0, strideRows - 1, 0, (strideColumns - 1) * size]
  const pads = builder.ints([0, 0, 0, 0, 0, ...zeros])
  const padded = builder.add('Pad', [builder.reshape(dy, [planes, height, 1, width, size]), pads], wide, 'float32')
  const full = [planes, height * strideRows, width * strideColumns, size]
  const cut = builder.reshape(padded, full)
  const parameters = [
    [0, 0],
    [rows, columns],
    [1, 2],
  ].map((list) => builder.ints(list))
  const fits = full[1] === rows && full[2] === columns
  return builder.reshape(
    fits ? cut : builder.add('Slice', [cut, ...parameters], [planes, rows, columns, size], 'float32'),
    shape,
  )
}

export const blocked: Record<string, Lowering> = {
  Block: block,
  Unblock: unblock,
  BlockedConv2D: convolution,
  BlockedConv2DBackpropInput: inputGradient,
  BlockedTogether: together,
  BlockedAffine: affine,
  BlockedSpread: spread,
  BlockedMean: mean,
  BlockedMaxPool: maxPool,
  BlockedMaxPoolGrad: maxPoolGradient,
  BlockedAvgPool: averagePool,
  BlockedAvgPoolGrad: averagePoolGradient,
}
