/** A tensor plus or minus a scaled tensor is one pass over memory instead of two: moments, momentum, weight updates. */
import { type Builder, MICROSOFT, type OnnxNode, type Ref, sameShape } from '../onnx/builder.js'

/**
 * ONNX Runtime works row by row; rows shorter than this cost more than a second pass (Zen 5: 16 elements as fast as 1200,
 * 10 elements slower by half).
 */
const SHORTEST_ROW = 16

/**
 * Replaces x + y * s and x - y * s, for x and y of one shape and a scalar s, by Microsoft's GatedAdd(x, y, gate), which
 * computes x + y * gate with a gate for each row. The product must be used nowhere else.
 *
 * @param builder of the graph that the nodes belong to
 * @param nodes of one graph, each after what it needs
 * @param outputs names that the graph gives out, which must keep being made
 */
export function fuseMultiplyAdd(
  builder: Builder,
  nodes: readonly OnnxNode[],
  outputs: ReadonlySet<string>,
): OnnxNode[] {
  const { refs } = builder
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node])))
  const uses = new Map<string, number>()
  for (const name of nodes.flatMap((node) => node.inputs)) uses.set(name, (uses.get(name) ?? 0) + 1)

  /** [y, s] of a node that does nothing but make y * s for the sum of the given shape. */
  function scaled(product: string, { shape, type }: Ref): [string, Ref] | undefined {
    const node = makers.get(product)
    if (node?.op !== 'Mul' || uses.get(product) !== 1 || outputs.has(product)) return undefined
    for (const [y, factor] of [node.inputs, node.inputs.toReversed()] as [string, string][]) {
      const tensor = refs.get(y)
      const scalar = refs.get(factor)
      if (tensor?.type !== type || !sameShape(tensor.shape, shape) || scalar?.shape.length !== 0) continue
      return [y, scalar]
    }
    return undefined
  }

  const gates = new Map<string, string>()
  const absorbed = new Set<OnnxNode>()
  const fused: OnnxNode[] = []

  /** The scalar, or its negative, once for each row; made where it is needed first. */
  function gateOf(scalar: Ref, rows: readonly number[], negative: boolean): string {
    const key = `${scalar.name}|${rows}|${negative}`
    const known = gates.get(key)
    if (known) return known
    const shape = [...rows, 1]
    const nodesOfGate = builder.subgraph()
    const signed = negative ? nodesOfGate.add('Neg', [scalar], [], scalar.type) : scalar
    const gate = nodesOfGate.add('Expand', [signed, builder.ints(shape)], shape, scalar.type)
    fused.push(...nodesOfGate.nodes)
    gates.set(key, gate.name)
    return gate.name
  }

  for (const node of nodes) {
    const [a, b] = node.inputs as [string, string]
    const candidates =
      node.op === 'Add'
        ? [
            [a, b],
            [b, a],
          ]
        : node.op === 'Sub'
          ? [[a, b]]
          : []
    const match = candidates.flatMap(([term, product]) => {
      const x = refs.get(term!)
      if (x?.type !== 'float32' || !(x.shape.at(-1)! >= SHORTEST_ROW)) return []
      const found = scaled(product!, x)
      return found ? [{ x, y: found[0], scalar: found[1], product: product! }] : []
    })[0]
    if (!match) {
      fused.push(node)
      continue
    }
    const { x, y, scalar, product } = match
    absorbed.add(makers.get(product)!)
    const gate = gateOf(scalar, x.shape.slice(0, -1), node.op === 'Sub')
    fused.push({ ...node, op: 'GatedAdd', domain: MICROSOFT, inputs: [x.name, y, gate] })
  }
  return fused.filter((node) => !absorbed.has(node))
}
