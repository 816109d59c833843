/** Filters as convolutions in ONNX Runtime's blocked layout want them. */
import type { Ref } from '../../onnx/builder.js'
import type { WindowAttributes } from '../../optimize/spatial.js'
import type { Context } from '../context.js'
import { transposed } from '../windows.js'
import { reordered } from './layouts.js'
import { strideWindows } from './stride-windows.js'

type FilterShape = [rows: number, columns: number, inputs: number, outputs: number]

/** A filter for a blocked convolution: blocks of outputs, of inputs, rows, columns, the inputs and the outputs of a block. */
export const blockedFilter = (context: Context, filter: Ref): Ref =>
  context.once(`blocked ${filter.name}`, () => {
    const { builder, block } = context
    const [rows, columns, inputs, outputs] = filter.shape as FilterShape
    const entries = rows * columns
    const shape = [outputs, inputs, rows, columns]
    if (inputs % block !== 0) {
      const few = builder.reshape(filter, [entries, inputs, outputs / block, block])
      return [builder.reshape(transposed(context, few, [2, 1, 0, 3]), shape)]
    }
    // The inputs as pixels of images with the outputs as channels, which are last.
    const images = builder.reshape(filter, [entries, 1, inputs, outputs])
    const blocks = reordered(context, images, [entries, outputs, 1, inputs], { channels_last: 1 })
    const order = Array.from({ length: entries }, (_, entry) => entry)
    return [builder.reshape(tilesInOrder(context, blocks, [order]), shape)]
  })[0]!

/**
 * The filter of the convolution that is the gradient of another one's input: for each place in a stride an output channel
 * (rows of the stride, columns, channels), each with the entries of the filter that meet that place.
 */
export function strideFilter(context: Context, filter: Ref, windows: WindowAttributes): Ref {
  const key = `stride ${JSON.stringify([windows.strides, windows.before])} ${filter.name}`
  return context.once(key, () => {
    const { builder } = context
    const [rows, columns, inputs, outputs] = filter.shape as FilterShape
    const { entries, places, kernel } = strideWindows(windows)
    // The outputs as pixels of images with the inputs as channels.
    const images = builder.reshape(filter, [rows * columns, inputs, 1, outputs])
    const blocks = reordered(context, images, images.shape, { channels_last: 0 })
    const each = entries.length / places
    const orders = Array.from({ length: places }, (_, place) => entries.slice(place * each, (place + 1) * each))
    return [builder.reshape(tilesInOrder(context, blocks, orders), [places * inputs, outputs, ...kernel])]
  })[0]!
}

/**
 * For each place, each pair of an output and an input block, its tiles (block by block) of the filter's entries in an order.
 *
 * @param blocks the filter's entries, each of them all its tiles
 * @param orders one for each place; what is no entry stands for a tile of zeros
 */
function tilesInOrder({ builder, block }: Context, blocks: Ref, orders: readonly (readonly number[])[]): Ref {
  const entries = blocks.shape[0]!
  const area = block ** 2
  const pairs = blocks.shape.slice(1).reduce((product, side) => product * side, 1) / area
  const tiles = builder.reshape(blocks, [entries * pairs, area])
  if (entries === 1 && String(orders) === '0') return tiles
  const none = orders.flat().some((entry) => entry >= entries)
  const zeros = () => builder.constant(new Float32Array(area), [1, area], 'float32')
  const all = none
    ? builder.add('Concat', [tiles, zeros()], [entries * pairs + 1, area], 'float32', { axis: 0 })
    : tiles
  const rows = orders.flatMap((order) =>
    Array.from({ length: pairs }, (_, pair) =>
      order.map((entry) => (entry < entries ? entry * pairs + pair : entries * pairs)),
    ).flat(),
  )
  return builder.add('Gather', [all, builder.ints(rows)], [rows.length, area], 'float32', { axis: 0 })
}
