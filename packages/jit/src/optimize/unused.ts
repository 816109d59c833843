/** Places of maxima that nobody asks for: without them ONNX Runtime pools several times faster. */
import type { OnnxNode } from '../onnx/builder.js'

/**
 * Drops the second output of MaxPool where it is not used.
 *
 * @param nodes of one graph
 * @param outputs names that the graph gives out
 */
export function dropUnused(nodes: readonly OnnxNode[], outputs: ReadonlySet<string>): OnnxNode[] {
  const used = new Set([...outputs, ...nodes.flatMap((node) => node.inputs)])
  return nodes.map((node) => {
    const [maxima, places] = node.outputs
    return node.op === 'MaxPool' && places && !used.has(places) ? { ...node, outputs: [maxima!] } : node
  })
}
