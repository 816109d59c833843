/**
 * One bottom-up rewrite of a traced graph: common subexpressions become one node, constants are computed now, and ops
 * that do nothing disappear. What no output needs is never visited.
 */
import { type Graph, makeNode, type Node, nodesOf, type Value } from '../trace/graph.js'
import type { Precision } from '../types.js'
import { evaluate } from './fold.js'

/** Kernels whose result is uniform when their input is: they only move elements. */
const MOVES = new Set(['Reshape', 'ExpandDims', 'Identity', 'Transpose', 'Slice', 'Reverse', 'Tile', 'BroadcastTo'])

const fillOf = (value: Value, fill: number): Node =>
  makeNode('Fill', [], { shape: value.shape, value: fill, dtype: value.dtype }, [value])

const same = (a: Value, b: Value) => a.dtype === b.dtype && String(a.shape) === String(b.shape)
const uniform = (value: Value | undefined) => (value?.node.op === 'Fill' ? Number(value.node.attrs.value) : undefined)

/** The input a node passes on unchanged, if it does: x + 0, x * 1, a cast to its own type, a reshape to its own shape ... */
function passedOn({ op, inputs, attrs, outputs }: Node): Value | undefined {
  const [a, b] = inputs
  const [y] = outputs
  if (outputs.length !== 1 || !y || !a) return undefined
  switch (op) {
    case 'Identity':
    case 'Cast':
    case 'Reshape':
    case 'ExpandDims':
    case 'Slice':
    case 'Tile':
    case 'BroadcastTo':
      return same(a, y) ? a : undefined
    case 'Transpose':
      return (attrs.perm as readonly number[]).every((axis, i) => axis === i) ? a : undefined
    case 'Sum':
    case 'Mean':
    case 'Max':
    case 'Min':
      return same(a, y) && a.dtype === y.dtype && a.shape.length > 0 ? reducesNothing(attrs, a) : undefined
    case 'Multiply':
      return uniform(b) === 1 && same(a, y) ? a : uniform(a) === 1 && b && same(b, y) ? b : undefined
    case 'Add':
      return uniform(b) === 0 && same(a, y) ? a : uniform(a) === 0 && b && same(b, y) ? b : undefined
    case 'Sub':
      return uniform(b) === 0 && same(a, y) ? a : undefined
    case 'RealDiv':
      return uniform(b) === 1 && same(a, y) ? a : undefined
    default:
      return undefined
  }
}

function reducesNothing(attrs: Node['attrs'], x: Value): Value | undefined {
  const axes = attrs.reductionIndices ?? attrs.axis
  const list = axes == null ? x.shape.map((_, i) => i) : Array.isArray(axes) ? axes : [axes]
  return list.every((axis: number) => x.shape.at(axis) === 1) && attrs.keepDims ? x : undefined
}

/** A simpler node that computes the same, or the node itself. */
function rewrite(node: Node): Node {
  const [x] = node.inputs
  const [y] = node.outputs
  if (node.op === 'ZerosLike') return fillOf(y!, 0)
  if (node.op === 'OnesLike') return fillOf(y!, 1)
  if (MOVES.has(node.op) && uniform(x) !== undefined) return fillOf(y!, uniform(x)!)
  // A reshape of a reshape is one reshape; same for transposes that a product can take in (see fuseTransposes).
  if (
    (node.op === 'Reshape' || node.op === 'ExpandDims') &&
    (x!.node.op === 'Reshape' || x!.node.op === 'ExpandDims')
  ) {
    return makeNode('Reshape', [x!.node.inputs[0]!], { shape: y!.shape }, node.outputs)
  }
  if (node.op === 'BatchMatMul') return fuseTransposes(node)
  return node
}

/**
 * The gradient of ReLU asks where its input is positive, which is where its output is: asking the output lets the input
 * stay inside a fused product.
 */
function stepOfActivated(node: Node, activated: ReadonlyMap<Value, Value>): Node {
  const output = node.op === 'Step' && !node.attrs.alpha ? activated.get(node.inputs[0]!) : undefined
  return output ? makeNode('Step', [output], node.attrs, node.outputs, { inputNames: node.inputNames }) : node
}

const swapsLastTwo = ({ op, attrs }: Node) => {
  if (op !== 'Transpose') return false
  const perm = attrs.perm as readonly number[]
  const last = perm.length - 1
  return perm.every((axis, i) => axis === (i === last ? last - 1 : i === last - 1 ? last : i))
}

/** A product of a transposed matrix is a product with a flag. */
function fuseTransposes(node: Node): Node {
  const flags = [node.attrs.transposeA === true, node.attrs.transposeB === true]
  if (!node.inputs.some((value) => swapsLastTwo(value.node))) return node
  const inputs = node.inputs.map((value, i) => {
    if (!swapsLastTwo(value.node)) return value
    flags[i] = !flags[i]
    return value.node.inputs[0]!
  })
  const attrs = { ...node.attrs, transposeA: flags[0], transposeB: flags[1] }
  return makeNode(node.op, inputs, attrs, node.outputs, { inputNames: node.inputNames })
}

/**
 * Simplifies a graph; the result computes the same values.
 * @param precision in doubles no numbers are computed now, since the backend that does that has single precision
 */
export function simplify(graph: Graph, precision: Precision = 'float32'): Graph {
  const replaced = new Map<Value, Value>()
  const known = new Map<string, Node>()
  const ids = new Map<Node, number>()
  const activated = new Map<Value, Value>()
  const current = (value: Value) => replaced.get(value) ?? value

  for (const original of nodesOf(graph)) {
    const { op, attrs, outputs, data, storage, inputNames } = original
    let node = original
    if (op !== 'Input') {
      const inputs = original.inputs.map(current)
      node = makeNode(op, inputs, attrs, outputs, { data, storage, inputNames })
      node = rewrite(node)
      const exact = precision === 'float32' || node.outputs[0]?.dtype !== 'float32'
      node = (exact ? evaluate(node) : undefined) ?? node
      node = stepOfActivated(node, activated)
      const through = passedOn(node)
      if (through) {
        replaced.set(outputs[0]!, through)
        continue
      }
      const key = identity(node, ids)
      const twin = key === undefined ? undefined : known.get(key)
      if (twin) node = twin
      else if (key !== undefined) known.set(key, node)
      // Of twins, the one that stays: another would have no number, and what asks it would look alike.
      if (op === 'Relu') activated.set(inputs[0]!, node.outputs[0]!)
    }
    if (!ids.has(node)) ids.set(node, ids.size)
    outputs.forEach((value, index) => {
      replaced.set(value, node.outputs[index]!)
    })
  }
  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, current(value)]))
  return { inputs: graph.inputs, outputs }
}

/** Two nodes with the same identity compute the same; large constants are left apart. */
function identity(node: Node, ids: Map<Node, number>): string | undefined {
  if (node.data && node.data.length > 4096) return undefined
  const { op, inputs, attrs, outputs, data } = node
  if (inputs.some(({ node }) => !ids.has(node))) throw new Error(`An input of ${op} is no node of the graph.`)
  const from = inputs.map(({ node, index }) => `${ids.get(node)}.${index}`)
  const types = outputs.map(({ dtype, shape }) => `${dtype}${shape}`)
  return JSON.stringify([op, from, attrs, types, data ? Array.from(data) : 0], exactNumbers)
}

/** JSON knows no infinities, NaN or -0, and would make them one. */
const exactNumbers = (_: string, value: unknown) =>
  typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? `number ${Object.is(value, -0) ? '-0' : value}`
    : value
