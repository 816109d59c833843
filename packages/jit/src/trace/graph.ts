/** The traced graph: TensorFlow.js kernels on typed values, before any lowering. */
import type { HostArray, TensorSpec } from '../types.js'

/** Element types inside a traced function (`uint8` is only a way to store an int32 input). */
export type ValueType = 'float32' | 'int32' | 'bool'

export type Attribute = number | string | boolean | readonly number[] | undefined | null

/** One output of a node. */
export interface Value {
  readonly node: Node
  readonly index: number
  readonly shape: readonly number[]
  readonly dtype: ValueType
}

/** A kernel call; `Input` (attrs.name) and `Constant` (data) are nodes without inputs. */
export interface Node {
  readonly op: string
  readonly inputs: readonly Value[]
  readonly attrs: Readonly<Record<string, Attribute>>
  readonly outputs: Value[]
  /** Of a `Constant`: its elements, row-major. */
  readonly data?: HostArray
  /** Of an `Input`: how the host stores it. */
  readonly storage?: TensorSpec['dtype']
  /** TensorFlow.js's names of the inputs, in order ('a', 'b'; '0', '1' for a list). */
  readonly inputNames?: readonly string[]
}

/** A function of named inputs to named outputs. */
export interface Graph {
  readonly inputs: ReadonlyMap<string, Value>
  readonly outputs: ReadonlyMap<string, Value>
}

/** Makes a node with the given output shapes and types. */
export function makeNode(
  op: string,
  inputs: readonly Value[],
  attrs: Node['attrs'],
  outputs: readonly { shape: readonly number[]; dtype: ValueType }[],
  extra: Pick<Node, 'data' | 'storage' | 'inputNames'> = {},
): Node {
  const node: Node = { op, inputs, attrs, outputs: [], ...extra }
  outputs.forEach(({ shape, dtype }, index) => {
    node.outputs.push({ node, index, shape: [...shape], dtype })
  })
  return node
}

/** The nodes that the outputs need, each after its inputs, in an order that depends on the graph's structure alone. */
export function nodesOf(graph: Graph): Node[] {
  const order: Node[] = []
  const seen = new Set<Node>()
  // Iterative depth-first walk: a long training step would overflow the call stack.
  for (const output of graph.outputs.values()) {
    const stack: { node: Node; next: number }[] = [{ node: output.node, next: 0 }]
    while (stack.length > 0) {
      const top = stack.at(-1)!
      if (top.next === 0 && seen.has(top.node)) {
        stack.pop()
        continue
      }
      seen.add(top.node)
      const input = top.node.inputs[top.next++]
      if (input) {
        if (!seen.has(input.node)) stack.push({ node: input.node, next: 0 })
      } else {
        order.push(top.node)
        stack.pop()
      }
    }
  }
  return order
}
