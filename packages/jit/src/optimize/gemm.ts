/** A product and the bias added to it are one Gemm; ONNX Runtime then takes the activation in as well. */
import type { OnnxNode, Ref } from '../onnx/builder.js'

/**
 * Replaces Add(Gemm(a, b), bias) by Gemm(a, b, bias) where the product is used nowhere else and the bias is a row.
 *
 * @param nodes of one graph, each after what it needs
 * @param outputs names that the graph gives out, which must keep being made
 */
export function fuseBias(
  nodes: readonly OnnxNode[],
  refs: ReadonlyMap<string, Ref>,
  outputs: ReadonlySet<string>,
): OnnxNode[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node])))
  const uses = new Map<string, number>()
  for (const name of nodes.flatMap((node) => node.inputs)) uses.set(name, (uses.get(name) ?? 0) + 1)

  const absorbed = new Set<OnnxNode>()
  const fused = nodes.map((node) => {
    if (node.op !== 'Add') return node
    for (const [product, bias] of [node.inputs, node.inputs.toReversed()] as [string, string][]) {
      const gemm = makers.get(product)
      const single = uses.get(product) === 1 && !outputs.has(product)
      if (
        gemm?.op !== 'Gemm' ||
        gemm.inputs.length > 2 ||
        !single ||
        !isRow(refs.get(bias)?.shape, refs.get(product)?.shape)
      )
        continue
      absorbed.add(gemm)
      return { ...gemm, inputs: [...gemm.inputs, bias], outputs: node.outputs }
    }
    return node
  })
  return fused.filter((node) => !absorbed.has(node))
}

/** [n] or [1, n] under [m, n]. */
function isRow(bias: readonly number[] | undefined, product: readonly number[] | undefined): boolean {
  if (!bias || !product || bias.length > 2) return false
  return bias.at(-1) === product.at(-1) && (bias.length === 1 || (bias.length === 2 && bias[0] === 1))
}
