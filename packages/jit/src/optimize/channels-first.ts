/**
 * Plans layouts: TensorFlow.js's images have their channels last, ONNX's first. Each op is given a layout, from the
 * inputs on: convolutions and poolings have channels first; ops that do not care take over the layout of their operands,
 * so that what lies between two convolutions is never transposed; the rest has channels last.
 */
import { ELEMENTWISE } from '../trace/elementwise.js'
import { type Graph, makeNode, type Node, nodesOf, type Value } from '../trace/graph.js'
import { axesOf, listOf } from '../trace/shapes.js'
import {
  axisIn,
  computed,
  computedOnDemand,
  type Form,
  inLayout,
  isFree,
  type Layout,
  nodeLike,
  reshaped,
  transposed,
} from './layout.js'
import { spatial } from './spatial.js'

const REDUCTIONS = new Set(['Sum', 'Mean', 'Max', 'Min', 'Prod', 'All', 'Any'])

/** Attributes with an entry an axis, in a layout. */
const attributes: Readonly<Record<string, (node: Node, layout: Layout) => Node['attrs']>> = {
  BroadcastTo: ({ attrs }, layout) => ({ shape: inLayout(attrs.shape as number[], layout) }),
  Tile: ({ attrs }, layout) => ({ reps: inLayout(attrs.reps as number[], layout) }),
  PadV2: ({ attrs }, layout) => ({ ...attrs, paddings: inLayout(attrs.paddings as number[], layout) }),
  MirrorPad: ({ attrs }, layout) => ({ ...attrs, paddings: inLayout(attrs.paddings as number[], layout) }),
  Reverse: ({ attrs, inputs }, layout) => ({
    dims: axesOf(attrs.dims, inputs[0]!.shape.length).map((axis) => axisIn(axis, layout)),
  }),
  Concat: ({ attrs }, layout) => ({ axis: axisIn(axesOf(attrs.axis ?? 0, 4)[0]!, layout) }),
  Slice: ({ attrs, outputs }, layout) => {
    const begin = listOf(attrs.begin)
    const size = outputs[0]!.shape
    const from = size.map((_, axis) => begin[axis] ?? 0)
    return { begin: inLayout(from, layout), size: inLayout(size, layout) }
  },
}

/** Rewrites a simplified graph for ONNX's layout; a graph without convolutions and poolings stays as it is. */
export function channelsFirst(graph: Graph): Graph {
  const nodes = nodesOf(graph)
  if (!nodes.some(({ op }) => op in spatial)) return graph
  const forms = new Map<Value, Form>()
  const formOf = (value: Value) => forms.get(value)!

  /** The layout of an op that leaves the choice to its operands: to move what is there costs more than to follow. */
  function chosen(values: readonly Value[]): Layout | undefined {
    const images = values.filter(({ shape }) => shape.length === 4).map(formOf)
    const heavy = images.filter(({ moves }) => moves)
    const homes = (heavy.length > 0 ? heavy : images).map(({ home }) => home)
    return homes.includes('first') ? 'first' : homes.includes('last') ? 'last' : undefined
  }

  /** An operand of an op on images, which may have fewer axes and be broadcast. */
  function operand(value: Value, layout: Layout): Value {
    const { shape } = value
    if (shape.length === 4) return formOf(value).in(layout)
    const known = formOf(value).in('last')
    if (layout === 'last' || shape.length === 0) return known
    const padded = [...Array<number>(4 - shape.length).fill(1), ...shape]
    if (isFree(padded)) return reshaped(known, inLayout(padded, layout))
    return computed(reshaped(known, padded), 'last').in(layout)
  }

  /** An op whose operands and result have the same layout. */
  function uniform(node: Node): Form {
    const { shape } = node.outputs[0]!
    const make = (layout: Layout) => {
      const attrs = attributes[node.op]?.(node, layout) ?? node.attrs
      const operands = node.inputs.map((value) => operand(value, layout))
      return nodeLike(node, operands, attrs, inLayout(shape, layout))
    }
    const layout = chosen(node.inputs)
    if (layout && (formsMove(node.inputs) || isFree(shape))) return computed(make(layout), layout)
    return computedOnDemand(make)
  }

  const formsMove = (values: readonly Value[]) =>
    values.some((value) => value.shape.length === 4 && formOf(value).moves)

  function reduction(node: Node): Form {
    const [x] = node.inputs
    const [y] = node.outputs
    const { axis, reductionIndices, ...attrs } = node.attrs
    const axes = axesOf(reductionIndices ?? axis, 4)
    const inside = axes.map((a) => axisIn(a, 'first'))
    const kept = [0, 1, 2, 3].filter((a) => !inside.includes(a))
    const first = formOf(x!).in('first')
    const shape = attrs.keepDims ? inLayout(y!.shape, 'first') : kept.map((a) => first.shape[a]!)
    const result = nodeLike(node, [first], { ...attrs, axis: inside }, shape)
    if (attrs.keepDims) return computed(result, 'first')
    // What is left may still be out of order: [channels, rows], say.
    const order = [0, 1, 2, 3].filter((a) => !axes.includes(a)).map((a) => kept.indexOf(axisIn(a, 'first')))
    return computed(order.every((a, i) => a === i) ? result : transposed(result, order), 'last')
  }

  function planned(node: Node): Form[] {
    const { op, inputs, attrs, outputs } = node
    const [x, indices] = inputs
    const [y] = outputs
    const plan = spatial[op]
    if (plan) return plan(node, (value, layout) => formOf(value).in(layout))
    if (op === 'Fill' && y!.shape.length === 4) {
      const filled = (layout: Layout) =>
        nodeLike(node, [], { ...attrs, shape: inLayout(y!.shape, layout) }, inLayout(y!.shape, layout))
      return [computedOnDemand(filled)]
    }
    const follows = ELEMENTWISE.has(op) || op in attributes || op === 'FusedBatchNorm'
    if (y!.shape.length === 4 && follows) return [uniform(node)]
    if (REDUCTIONS.has(op) && x!.shape.length === 4 && chosen([x!]) === 'first') return [reduction(node)]
    if (op === 'GatherV2' && x!.shape.length === 1 && indices!.shape.length === 4 && chosen([indices!]) === 'first') {
      const places = formOf(indices!).in('first')
      return [computed(nodeLike(node, [formOf(x!).in('last'), places], attrs, places.shape), 'first')]
    }
    if (inputs.length === 0) return outputs.map((value) => computed(value, 'last'))
    const same = inputs.map((value) => formOf(value).in('last'))
    const copy = makeNode(op, same, attrs, outputs, { inputNames: node.inputNames })
    return copy.outputs.map((value) => computed(value, 'last'))
  }

  for (const node of nodes) {
    for (const [i, form] of planned(node).entries()) forms.set(node.outputs[i]!, form)
  }
  return {
    inputs: graph.inputs,
    outputs: new Map([...graph.outputs].map(([name, value]) => [name, formOf(value).in('last')])),
  }
}
