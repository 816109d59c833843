/** A product, or a convolution, and the bias added to it are one node; ONNX Runtime then takes the activation in as well. */
import type { OnnxNode, Ref } from '../onnx/builder.js'

/**
 * Replaces Add(Gemm(a, b), bias) by Gemm(a, b, bias), and Add(Conv(x, filter), bias) by Conv(x, filter, bias), where the
 * product is used nowhere else and the bias is one number a column or channel.
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

  /** The bias as the product takes it, if it can. */
  function taken(product: OnnxNode, bias: string): string | undefined {
    const [shape, sum] = [refs.get(bias)?.shape, refs.get(product.outputs[0]!)?.shape]
    if (!shape || !sum) return undefined
    if (product.op === 'Gemm') return isRow(shape, sum) ? bias : undefined
    const reshaped = makers.get(bias)
    const list = reshaped?.op === 'Reshape' ? reshaped.inputs[0]! : undefined
    return list && isChannels(shape, sum) && refs.get(list)?.shape.length === 1 ? list : undefined
  }

  const absorbed = new Set<OnnxNode>()
  const fused = nodes.map((node) => {
    if (node.op !== 'Add') return node
    for (const [name, bias] of [node.inputs, node.inputs.toReversed()] as [string, string][]) {
      const product = makers.get(name)
      if (product?.domain !== '' || !['Gemm', 'Conv'].includes(product.op) || product.inputs.length > 2) continue
      const single = uses.get(name) === 1 && !outputs.has(name)
      const row = single ? taken(product, bias) : undefined
      if (row === undefined) continue
      absorbed.add(product)
      return { ...product, inputs: [...product.inputs, row], outputs: node.outputs }
    }
    return node
  })
  return fused.filter((node) => !absorbed.has(node))
}

/** [n] or [1, n] under [m, n]. */
function isRow(bias: readonly number[], product: readonly number[]): boolean {
  return bias.at(-1) === product.at(-1) && (bias.length === 1 || (bias.length === 2 && bias[0] === 1))
}

/** [1, channels, 1, 1] under [batch, channels, rows, columns]. */
const isChannels = (bias: readonly number[], images: readonly number[]) =>
  bias.length === 4 && bias.every((side, axis) => side === (axis === 1 ? images[1] : 1))
