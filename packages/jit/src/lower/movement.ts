/** Kernels that only move elements: shapes, slices, joins, gathers. They keep an int32 value stored as bytes. */
import type { Ref } from '../onnx/builder.js'
import type { Node } from '../trace/graph.js'
import { axesOf, listOf, reducedShape } from '../trace/shapes.js'
import { sizeOf } from '../tree.js'
import { throughBlocks } from './blocked/layouts.js'
import type { Context, Lowering } from './context.js'
import { broadcastSource } from './context.js'

const numbers = (value: unknown) => value as number[]
const rank = (node: Node) => node.inputs[0]!.shape.length

const reshape: Lowering = (node, context) =>
  context.builder.reshape(context.stored(node.inputs[0]!), node.outputs[0]!.shape)

const transpose: Lowering = (node, context) => {
  const x = context.stored(node.inputs[0]!)
  const perm = numbers(node.attrs.perm)
  const { shape } = node.outputs[0]!
  return throughBlocks(context, x, perm) ?? context.builder.add('Transpose', [x], shape, x.type, { perm })
}

function sliced(context: Context, x: Ref, axis: number, from: number, to: number, step = 1): Ref {
  const { builder } = context
  const shape = x.shape.with(axis, Math.ceil(Math.abs(to - from) / Math.abs(step)))
  const parameters = [from, to, axis, step].map((value) => builder.ints([value]))
  return builder.add('Slice', [x, ...parameters], shape, x.type)
}

const slice: Lowering = (node, context) => {
  const begin = listOf(node.attrs.begin)
  const shape = node.outputs[0]!.shape
  return shape.reduce((x, side, axis) => {
    const from = begin[axis] ?? 0
    return x.shape[axis] === side ? x : sliced(context, x, axis, from, from + side)
  }, context.stored(node.inputs[0]!))
}

/** ONNX ends a downward slice below the first element with a very negative number. */
const reverse: Lowering = (node, context) => {
  const { builder } = context
  const x = context.stored(node.inputs[0]!)
  const axes = axesOf(node.attrs.dims, rank(node))
  if (axes.length === 0) return x
  const parameters = [axes.map(() => -1), axes.map(() => -(2 ** 31)), axes, axes.map(() => -1)]
  return builder.add('Slice', [x, ...parameters.map((values) => builder.ints(values))], x.shape, x.type)
}

/** Joined parts share a type: bytes only if all of them are stored as bytes. */
function join(context: Context, parts: Ref[], node: Node, axis: number): Ref {
  const bytes = parts.every(({ type }) => type === parts[0]!.type)
  const typed = bytes ? parts : parts.map((part) => context.builder.cast(part, node.outputs[0]!.dtype))
  return context.builder.add('Concat', typed, node.outputs[0]!.shape, typed[0]!.type, { axis })
}

const concat: Lowering = (node, context) => {
  const [axis] = axesOf(node.attrs.axis ?? 0, rank(node))
  const full = node.inputs.filter(({ shape }) => shape[axis!] !== 0)
  const parts = (full.length > 0 ? full : node.inputs).map((value) => context.stored(value))
  return join(context, parts, node, axis!)
}

const pack: Lowering = (node, context) => {
  const [axis] = axesOf(node.attrs.axis ?? 0, rank(node) + 1)
  const parts = node.inputs.map((value) => {
    const x = context.stored(value)
    return context.builder.reshape(x, x.shape.toSpliced(axis!, 0, 1))
  })
  return join(context, parts, node, axis!)
}

/** Cuts along an axis into pieces of the outputs' lengths there. */
function cut(node: Node, context: Context, axis: number, lengths: readonly number[]): Ref[] {
  let from = 0
  const x = context.stored(node.inputs[0]!)
  return lengths.map((length) => {
    const piece = sliced(context, x, axis, from, from + length)
    from += length
    return piece
  })
}

const split: Lowering = (node, context) => {
  const [axis] = axesOf(node.attrs.axis ?? 0, rank(node))
  return cut(
    node,
    context,
    axis!,
    node.outputs.map(({ shape }) => shape[axis!]!),
  )
}

const unpack: Lowering = (node, context) => {
  const [axis] = axesOf(node.attrs.axis ?? 0, rank(node))
  return cut(
    node,
    context,
    axis!,
    node.outputs.map(() => 1),
  ).map((piece) => context.builder.reshape(piece, reducedShape(piece.shape, [axis!], false)))
}

const pad: Lowering = (node, context) => {
  const { builder } = context
  const x = context.full(node.inputs[0]!)
  const paddings = node.attrs.paddings as unknown as [number, number][]
  const pads = builder.ints([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)])
  const value = builder.scalar(Number(node.attrs.constantValue ?? 0), x.type)
  return builder.add('Pad', [x, pads, value], node.outputs[0]!.shape, x.type)
}

/** ONNX mirrors around the edge only, not with it; so both are gathered, axis by axis. */
const mirrorPad: Lowering = (node, context) => {
  const { builder } = context
  const edge = node.attrs.mode === 'reflect' ? 1 : 0
  const paddings = node.attrs.paddings as unknown as [number, number][]
  return paddings.reduce((x, [before, after], axis) => {
    if (before + after === 0) return x
    const side = x.shape[axis]!
    const mirrored = (at: number) => (at < 0 ? -at - 1 + edge : at >= side ? 2 * side - at - 1 - edge : at)
    const places = Array.from({ length: before + side + after }, (_, i) => mirrored(i - before))
    return builder.add('Gather', [x, builder.ints(places)], x.shape.with(axis, places.length), x.type, { axis })
  }, context.stored(node.inputs[0]!))
}

const tile: Lowering = (node, context) => {
  const { builder } = context
  const x = context.stored(node.inputs[0]!)
  const { shape } = node.outputs[0]!
  const how: [string, readonly number[]] = broadcastSource(node)
    ? ['Expand', shape]
    : ['Tile', numbers(node.attrs.reps)]
  return builder.add(how[0], [x, builder.ints(how[1])], shape, x.type)
}

const gather: Lowering = (node, context) => {
  const [axis] = axesOf(node.attrs.axis ?? 0, rank(node))
  const x = context.stored(node.inputs[0]!)
  const indices = context.full(node.inputs[1]!)
  return context.builder.add('Gather', [x, indices], node.outputs[0]!.shape, x.type, { axis: axis! })
}

/** Compares with 0 .. depth-1, so that an index outside gives a row of off values, as in TensorFlow.js. */
const oneHot: Lowering = (node, context) => {
  const { builder } = context
  const [indices] = node.inputs
  const { shape, dtype } = node.outputs[0]!
  const depth = shape.at(-1)!
  const column = builder.reshape(context.full(indices!), [...indices!.shape, 1])
  const classes = builder.constant(
    Array.from({ length: depth }, (_, i) => i),
    [depth],
    'int32',
  )
  const hit = builder.add('Equal', [column, classes], shape, 'bool')
  const on = Number(node.attrs.onValue ?? 1)
  const off = Number(node.attrs.offValue ?? 0)
  if (on === 1 && off === 0) return builder.cast(hit, dtype)
  return builder.add('Where', [hit, builder.scalar(on, dtype), builder.scalar(off, dtype)], shape, dtype)
}

/** Adds rows of x into the rows that the ids name: the gradient of gather. */
const segmentSum: Lowering = (node, context) => {
  const { builder } = context
  const [x, ids] = node.inputs
  const { shape, dtype } = node.outputs[0]!
  const indices = builder.reshape(builder.cast(context.full(ids!), 'int64'), [...ids!.shape, 1])
  const zeros = builder.add('Expand', [builder.scalar(0, dtype), builder.ints(shape)], shape, dtype)
  return builder.add('ScatterND', [zeros, indices, context.full(x!)], shape, dtype, { reduction: 'add' })
}

const constant: Lowering = (node, { builder }) => {
  const [value] = node.outputs
  if (sizeOf(value!.shape) !== node.data!.length) throw new Error('A constant does not fill its shape.')
  return builder.constant(node.data!, value!.shape, value!.dtype)
}

export const movement: Record<string, Lowering> = {
  Reshape: reshape,
  ExpandDims: reshape,
  Identity: (node, context) => context.stored(node.inputs[0]!),
  Transpose: transpose,
  Slice: slice,
  Reverse: reverse,
  Concat: concat,
  Pack: pack,
  SplitV: split,
  Unpack: unpack,
  PadV2: pad,
  MirrorPad: mirrorPad,
  Tile: tile,
  BroadcastTo: tile,
  GatherV2: gather,
  OneHot: oneHot,
  UnsortedSegmentSum: segmentSum,
  Constant: constant,
}
