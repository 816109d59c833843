/** Poolings and means in ONNX Runtime's blocked layout. */
import { NCHWC, type Ref } from '../../onnx/builder.js'
import type { Lowering } from '../context.js'
import { quartersGradient } from '../quarters.js'
import { windowAttributes, windowsOf } from '../windows.js'

const mean: Lowering = (node, context) => {
  const x = context.full(node.inputs[0]!)
  const [batch, channels] = x.shape as [number, number]
  const pooled = context.builder.add('GlobalAveragePool', [x], [batch, channels, 1, 1], 'float32', {}, NCHWC)
  return context.builder.reshape(pooled, [batch, channels])
}

/**
 * The mean of the product of two images, of each image's channels: a depthwise convolution of one by the other, as wide as
 * they are.
 */
const meanProduct: Lowering = (node, context) => {
  const { builder } = context
  const [x, y] = node.inputs.map((value) => context.full(value)) as [Ref, Ref]
  const [batch, channels, rows, columns] = x.shape as [number, number, number, number]
  const planes = batch * channels
  const [image, filter] = [
    builder.reshape(x, [1, planes, rows, columns]),
    builder.reshape(y, [planes, 1, rows, columns]),
  ]
  const attributes = { kernel_shape: [rows, columns], group: planes }
  const sums = builder.add('Conv', [image, filter], [1, planes, 1, 1], 'float32', attributes, NCHWC)
  const part = builder.scalar(1 / (rows * columns), 'float32')
  return builder.add('Mul', [builder.reshape(sums, [batch, channels]), part], [batch, channels], 'float32')
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

export const poolings: Record<string, Lowering> = {
  BlockedMean: mean,
  BlockedMeanProduct: meanProduct,
  BlockedMaxPool: maxPool,
  BlockedMaxPoolGrad: maxPoolGradient,
  BlockedAvgPool: averagePool,
  BlockedAvgPoolGrad: averagePoolGradient,
}
