/** The hash of a traced graph: what is computed, whatever things are called and in whatever order they were written. */
import { createHash } from 'node:crypto'
import type { LoopSignature, SpecTree, StepFunction, TensorFunction } from '../types.js'
import { type Graph, type Node, nodesOf, type Value } from './graph.js'
import { trace, traceStep } from './trace.js'

/**
 * SHA-256 (hex) of ops, attributes, constants, shapes and types. Nodes are numbered from the outputs, inputs by their
 * place in the signature; so renaming, reordering independent lines, and dead code leave it alone, and a changed
 * constant changes it. Independent of engine, compiler passes and machine (design.md, stage ids).
 */
export function graphHash(graph: Graph): string {
  const hash = createHash('sha256')
  const place = new Map<Node, number>([...graph.inputs.values()].map(({ node }, index) => [node, index]))
  const numbers = new Map<Node, number>()
  const reference = ({ node, index }: Value) => `${numbers.get(node)}.${index}`
  nodesOf(graph).forEach((node, number) => {
    numbers.set(node, number)
    const { name: _, ...attrs } = node.attrs
    const specs = node.outputs.map(({ shape, dtype }) => [dtype, ...shape])
    const kind = node.op === 'Input' ? [place.get(node), node.storage] : []
    hash.update(JSON.stringify([node.op, kind, node.inputs.map(reference), attributes(attrs), specs]))
    if (node.data) hash.update(createHash('sha256').update(new Uint8Array(node.data.buffer)).digest('hex'))
  })
  hash.update(JSON.stringify([...graph.outputs.values()].map(reference)))
  return hash.digest('hex')
}

/** JSON has no NaN, Infinity or -0; write numbers so that they stay apart. */
const attributes = (attrs: Node['attrs']) =>
  Object.entries(attrs).map(([name, value]) => [
    name,
    typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
      ? `${Object.is(value, -0) ? '-0' : value}`
      : value,
  ])

/** The hash of a function traced for a signature; nothing is compiled or run. */
export function traceHash(fn: TensorFunction, signature: SpecTree): string {
  return graphHash(trace(fn, signature))
}

/** The hash of one step of a loop. */
export function traceLoopHash(step: StepFunction, signature: LoopSignature): string {
  return graphHash(traceStep(step, signature))
}
