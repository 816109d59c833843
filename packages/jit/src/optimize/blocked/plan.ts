/**
 * Plans ONNX Runtime's blocked layout: the channels of an image in blocks of 16 or 8, each block together. Its
 * convolutions and poolings are much faster. Regions begin at convolutions whose channels fill blocks; what lies
 * between them follows, and leaves the layout only where an op has no blocked form.
 */
import { type Graph, makeNode, type Node, nodesOf, type Value } from '../../trace/graph.js'
import { absorbed } from './absorb.js'
import { convolutions } from './convolutions.js'
import { elementwise } from './elementwise.js'
import { movements } from './movements.js'
import { type Form, lazy, made, Planner } from './planner.js'
import { poolings } from './poolings.js'
import { reductions } from './reductions.js'

/** Plans one op in blocks; undefined where it stays plain. */
export type BlockedPlan = (node: Node, planner: Planner) => Form | undefined

const plans: Readonly<Record<string, BlockedPlan>> = {
  ...elementwise,
  ...reductions,
  ...convolutions,
  ...poolings,
  ...movements,
}

/** Rewrites a graph with channels first; one without convolutions that fit stays as it is. */
export function inBlocks(graph: Graph, block: number): Graph {
  const planner = new Planner(block)
  for (const node of nodesOf(graph)) {
    const form = node.outputs.length === 1 ? plans[node.op]?.(node, planner) : undefined
    if (form) planner.define(node.outputs[0]!, form)
    else for (const [value, plain] of plainForms(node, planner)) planner.define(value, plain)
  }
  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, planner.plain(value)]))
  return absorbed({ inputs: graph.inputs, outputs })
}

/** The op as it was, on plain operands, made when something asks for it. */
function plainForms(node: Node, planner: Planner): [Value, Form][] {
  const { op, inputs, attrs, outputs } = node
  if (inputs.length === 0)
    return outputs.map((value) => [value, { plain: () => value, scale: scaleOf(value, () => value) }])
  const copy = lazy(() => {
    const operands = inputs.map((value) => planner.plain(value))
    return makeNode(op, operands, attrs, outputs, { inputNames: node.inputNames })
  })
  return outputs.map((value, i) => {
    const plain = () => copy().outputs[i]!
    return [value, { plain, scale: scaleOf(value, plain) }]
  })
}

/** A value that has one number, or one a channel, as a scale. */
function scaleOf({ shape, dtype, node }: Value, plain: () => Value): Form['scale'] {
  if (dtype !== 'float32') return undefined
  if (node.op === 'Fill') return () => Number(node.attrs.value)
  if (shape.length === 0) return plain
  if (shape.length !== 4 || shape.some((side, axis) => axis !== 1 && side !== 1)) return undefined
  return lazy(() => listed(plain()))
}

/** [1, channels, 1, 1] as [channels], or as it was before it was reshaped; a single number as []. */
function listed(value: Value): Value {
  const channels = value.shape[1]!
  const shape = channels === 1 ? [] : [channels]
  let source = value
  while (source.node.op === 'Reshape' && source.shape.length !== shape.length) source = source.node.inputs[0]!
  return source.shape.length === shape.length ? source : made('Reshape', [value], { shape }, shape)
}
