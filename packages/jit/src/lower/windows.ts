/** What lowerings of window ops share: images are [batch, channels, rows, columns], filters [rows, columns, in, out]. */
import type { OnnxNode, Ref } from '../onnx/builder.js'
import type { WindowAttributes } from '../optimize/spatial.js'
import type { Node } from '../trace/graph.js'
import type { Context } from './context.js'

export const windowsOf = (node: Node) => node.attrs as unknown as WindowAttributes

/** Of a list with an entry for rows and one for columns. */
export const positive = (list: readonly number[]) => list.map((value) => Math.max(value, 0))
export const area = ([rows, columns]: readonly number[]) => rows! * columns!

/** ONNX's attributes for windows on the input that they were planned for. */
export const windowAttributes = ({ kernel, strides, before, after }: WindowAttributes): OnnxNode['attributes'] => ({
  kernel_shape: kernel,
  strides,
  pads: [...before, ...positive(after)],
})

export function transposed({ builder }: Context, x: Ref, perm: readonly number[]): Ref {
  return builder.add(
    'Transpose',
    [x],
    perm.map((axis) => x.shape[axis]!),
    x.type,
    { perm },
  )
}

/** Images with batch and channels exchanged, shared by all that need them. */
export const channelMajor = (context: Context, x: Ref): Ref =>
  context.once(`channel-major ${x.name}`, () => [transposed(context, x, [1, 0, 2, 3])])[0]!

/** Images without the rows and columns at the end that no window reaches. */
export function reached({ builder }: Context, x: Ref, { after }: WindowAttributes): Ref {
  const [batch, channels, ...all] = x.shape as [number, number, number, number]
  const sides = all.map((side, i) => side + Math.min(after[i]!, 0))
  if (after.every((padding) => padding >= 0)) return x
  const parameters = [[0, 0], sides, [2, 3]].map((list) => builder.ints(list))
  return builder.add('Slice', [x, ...parameters], [batch, channels, ...sides], x.type)
}
