/** What is multiplied by and added to the result of a convolution goes into the convolution. */
import { type Graph, makeNode, type Node, nodesOf, type Value } from '../../trace/graph.js'
import { affine } from './combination.js'
import { made } from './planner.js'

/** Convolutions that can add a bias and a tensor, and take the ReLU, at no cost. */
const CONVOLUTIONS = new Set(['BlockedConv2D', 'BlockedConv2DBackpropInput'])

const named = (node: Node) => new Map(node.inputNames?.map((name, i) => [name, node.inputs[i]!]))

export function absorbed(graph: Graph): Graph {
  const nodes = nodesOf(graph)
  if (!nodes.some(({ op }) => CONVOLUTIONS.has(op))) return graph
  const uses = new Map<Value, number>()
  const count = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1)
  for (const value of [...nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.values()]) count(value)

  const values = new Map<Value, Value>()
  const now = (value: Value) => values.get(value) ?? value
  const dies = (value: Value) => uses.get(value) === 1

  /** An affine pass as part of the convolution before it, if nothing else uses that. */
  function merged(node: Node): Value | undefined {
    const { x, factor, bias, sum } = Object.fromEntries(named(node)) as Record<string, Value>
    const before = now(x!).node
    const scaled = node.attrs.scaled === true
    if (!CONVOLUTIONS.has(before.op) || before.attrs.relu !== undefined || !dies(x!) || (sum && !dies(sum)))
      return undefined
    if (scaled && before.op !== 'BlockedConv2D') return undefined
    const [images, filter] = before.inputs
    const inputs = {
      x: images!,
      filter: scaled ? made('Multiply', [filter!, now(factor!)], {}, filter!.shape) : filter!,
      ...(bias && { bias: now(bias) }),
      ...(sum && { sum: now(sum) }),
    }
    const attrs = { ...before.attrs, relu: node.attrs.relu }
    return makeNode(before.op, Object.values(inputs), attrs, before.outputs, { inputNames: Object.keys(inputs) })
      .outputs[0]!
  }

  /** The sum of two gradients with strides, added before their pixels are put together: once instead of twice. */
  function joined(node: Node): Value | undefined {
    const { x, bias, sum } = Object.fromEntries(named(node)) as Record<string, Value>
    if (node.attrs.scaled === true || node.attrs.relu || bias || !sum || !dies(x!) || !dies(sum)) return undefined
    const [left, right] = [now(x!).node, now(sum).node]
    const alike = String(left.attrs.strides) === String(right.attrs.strides)
    if (left.op !== 'BlockedTogether' || right.op !== 'BlockedTogether' || !alike) return undefined
    const [tensor, other] = [left.inputs[0]!, right.inputs[0]!]
    if (!dies(tensor) || !dies(other)) return undefined
    const apart = affine({ tensor, factor: 1, offset: 0, sum: other, relu: false })
    return made('BlockedTogether', [merged(apart.node) ?? apart], left.attrs, node.outputs[0]!.shape)
  }

  /** ONNX Runtime adds in place only to a tensor that nobody needs any more, and copies any other on one thread. */
  function expendable(node: Node): Value {
    const inputs = named(node)
    const sum = inputs.get('sum')
    if (!sum || dies(sum)) return copied(node).outputs[0]!
    const swapped = node.attrs.scaled !== true && dies(inputs.get('x')!)
    const copy = affine({ tensor: now(sum), factor: 1, offset: 0, sum: undefined, relu: false })
    const entries = [...inputs].map(([name, value]): [string, Value] => {
      if (name === 'sum') return [name, swapped ? now(inputs.get('x')!) : copy]
      return [name, name === 'x' && swapped ? now(sum) : now(value)]
    })
    return makeNode(
      node.op,
      entries.map(([, value]) => value),
      node.attrs,
      node.outputs,
      { inputNames: entries.map(([name]) => name) },
    ).outputs[0]!
  }

  const copied = (node: Node): Node =>
    makeNode(node.op, node.inputs.map(now), node.attrs, node.outputs, { inputNames: node.inputNames })

  const replace = (value: Value, by: Value) => {
    values.set(value, by)
    uses.set(by, uses.get(value)!)
  }
  for (const node of nodes) {
    if (node.inputs.length === 0) continue
    if (node.op === 'BlockedAffine') replace(node.outputs[0]!, merged(node) ?? joined(node) ?? expendable(node))
    else for (const [i, value] of copied(node).outputs.entries()) replace(node.outputs[i]!, value)
  }
  return {
    inputs: graph.inputs,
    outputs: new Map([...graph.outputs].map(([name, value]) => [name, now(value)])),
  }
}
