/** Into ONNX Runtime's blocked layout and out of it. */
import { NCHWC, type Ref } from '../../onnx/builder.js'
import type { Context, Lowering } from '../context.js'

/** Images with channels first, or last, in blocks of channels. */
export const reordered = (
  { builder }: Context,
  x: Ref,
  shape: readonly number[],
  attributes: { channels_last: 0 | 1 },
): Ref => builder.add('ReorderInput', [x], shape, 'float32', attributes, NCHWC)

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

export const layouts: Record<string, Lowering> = {
  Block: block,
  Unblock: unblock,
  BlockedSpread: spread,
}
