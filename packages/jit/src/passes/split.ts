/**
 * Splits a training step in two: what computes gradients, and what then updates weights and moments element by element.
 * ONNX Runtime reads and writes memory once for every op of an update; a pass of our own does so once for all of them.
 */
import { type Graph, type Node, nodesOf, type Value } from '../trace/graph.js'
import { sizeOf } from '../tree.js'

/** What a pass can compute. All are rounded exactly, so the bits are ONNX Runtime's. */
export const PASS_KERNELS = ['Add', 'Sub', 'Multiply', 'RealDiv', 'Sqrt', 'Square', 'Neg'] as const
export type PassKernel = (typeof PASS_KERNELS)[number]

/** Element-wise ops on tensors of one shape, computed together in one pass over memory. */
export interface Pass {
  /** Elements of each tensor. */
  readonly size: number
  /** Each after its inputs. */
  readonly nodes: readonly Node[]
  /** What it writes, by the name of the carried tensor. */
  readonly writes: ReadonlyMap<string, Value>
}

export interface Split {
  /**
   * The step without its passes. Its outputs are the carry that changes and that no pass makes, as 'next/...', the step's
   * outputs, and what passes read that is no input, as 'pass/...'.
   */
  readonly rest: Graph
  readonly passes: readonly Pass[]
  /** Names of what the passes read: of inputs of the step, and of outputs of the rest. */
  readonly read: ReadonlyMap<Value, string>
}

/**
 * Carried elements from which passes are worth it. A step outside of an ONNX Loop costs some 70 microseconds more, and with
 * Adam a pass saves 0.8 nanoseconds for each element that is carried (Zen 3).
 */
const WORTHWHILE = 131_072

/** Carried elements up to which all that passes touch, gradients and masks too, fits WebAssembly's 4 GiB of memory. */
const LARGEST = 2 ** 28

/** Ops over windows: where they are, updates take a small part of a step, and layouts are planned for the whole of it. */
const WINDOWS = /Conv|Pool/

const kernels: ReadonlySet<string> = new Set(PASS_KERNELS)
const isTensor = ({ node, shape }: Value) => node.op !== 'Fill' && shape.length > 0

/** Whether a pass could compute the node: floats of one shape, at least one, scalars and uniform tensors. */
function passable({ op, inputs, outputs: [y] }: Node): boolean {
  if (!kernels.has(op) || y!.dtype !== 'float32' || y!.shape.length === 0 || sizeOf(y!.shape) === 0) return false
  return inputs.every((x) => x.dtype === 'float32' && (!isTensor(x) || String(x.shape) === String(y!.shape)))
}

/** The element-wise nodes that nothing needs but the next carry, and each other. */
function updates({ outputs }: Graph, order: readonly Node[]): Set<Node> {
  const needed = new Set([...outputs].filter(([name]) => !name.startsWith('carry/')).map(([, { node }]) => node))
  const found = new Set<Node>()
  for (const node of order.toReversed()) {
    if (passable(node) && !needed.has(node)) found.add(node)
    else for (const x of node.inputs) needed.add(x.node)
  }
  return found
}

/**
 * Nodes that share a tensor are one pass, and so are a node that writes over a carried tensor and those that read it: a pass
 * loads its elements before it stores any.
 */
function together({ inputs, outputs }: Graph, nodes: readonly Node[]): Node[][] {
  const over = ({ outputs: [y] }: Node) =>
    [...outputs].flatMap(([name, value]) => (value === y && inputs.has(name) ? [inputs.get(name)!] : []))
  let groups: { nodes: Node[]; tensors: Set<Value> }[] = []
  for (const node of nodes) {
    const tensors = new Set([...node.inputs, ...node.outputs, ...over(node)].filter(isTensor))
    const touching = groups.filter((group) => [...tensors].some((x) => group.tensors.has(x)))
    groups = groups.filter((group) => !touching.includes(group))
    groups.push({
      nodes: [...touching.flatMap((group) => group.nodes), node],
      tensors: new Set([...touching.flatMap((group) => [...group.tensors]), ...tensors]),
    })
  }
  return groups.map((group) => nodes.filter((node) => group.nodes.includes(node)))
}

/** Whether an op depends on resident tensors, perhaps with constants, alone: a Loop computes it once, a step every time. */
function hasInvariants(order: readonly Node[]): boolean {
  const changing = new Set<Node>()
  const invariant = new Set<Node>()
  for (const node of order) {
    const { op, inputs, attrs } = node
    const isResident = op === 'Input' && String(attrs.name).startsWith('resident/')
    if ((op === 'Input' && !isResident) || inputs.some((x) => changing.has(x.node))) changing.add(node)
    else if (isResident || inputs.some((x) => invariant.has(x.node))) invariant.add(node)
  }
  return [...invariant].some(({ inputs }) => inputs.length > 0)
}

/**
 * The split of a step, if it is worth it.
 *
 * @param graph of a step, simplified
 * @param worthwhile carried elements that passes must update at least
 */
export function splitUpdates(graph: Graph, worthwhile = WORTHWHILE): Split | undefined {
  const order = nodesOf(graph)
  const carried = [...graph.inputs].filter(([name]) => name.startsWith('carry/'))
  if (carried.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0) > LARGEST) return undefined
  if (order.some(({ op }) => WINDOWS.test(op)) || hasInvariants(order)) return undefined
  const found = updates(graph, order)
  const passes = together(
    graph,
    order.filter((node) => found.has(node)),
  ).map((nodes): Pass => {
    const writes = [...graph.outputs].filter(([, { node }]) => nodes.includes(node))
    return { size: sizeOf(nodes[0]!.outputs[0]!.shape), nodes, writes: new Map(writes) }
  })
  if (passes.reduce((sum, { size, writes }) => sum + size * writes.size, 0) < Math.max(1, worthwhile)) return undefined

  const read = new Map<Value, string>()
  let made = 0
  const outputs = new Map<string, Value>()
  for (const [name, value] of graph.outputs) {
    const unchanged = value === graph.inputs.get(name)
    if (!found.has(value.node) && !unchanged) outputs.set(name.replace(/^carry\//, 'next/'), value)
  }
  for (const x of [...found].flatMap(({ inputs }) => inputs)) {
    if (x.node.op === 'Fill' || found.has(x.node) || read.has(x)) continue
    if (x.node.op === 'Input') read.set(x, String(x.node.attrs.name))
    else {
      const name = `pass/${made++}`
      read.set(x, name)
      outputs.set(name, x)
    }
  }
  const used = new Set(nodesOf({ inputs: graph.inputs, outputs }))
  const inputs = new Map([...graph.inputs].filter(([, { node }]) => used.has(node)))
  return { rest: { inputs, outputs }, passes, read }
}
