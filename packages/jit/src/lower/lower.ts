/** Lowers a traced graph to a model: one graph for one call, or a Loop for many steps. */

import type { Initializer, OnnxGraph, OnnxNode, Output } from '../onnx/builder.js'
import { Builder, modelBytes, type Ref } from '../onnx/builder.js'
import { fuseBias } from '../optimize/bias.js'
import { inBlocks } from '../optimize/blocked/plan.js'
import { channelsFirst } from '../optimize/channels-first.js'
import { fuseMultiplyAdd } from '../optimize/multiply-add.js'
import { simplify } from '../optimize/simplify.js'
import { dropUnused } from '../optimize/unused.js'
import { type Graph, type Node, nodesOf, type Value } from '../trace/graph.js'
import type { HostArray, Precision, TensorSpec } from '../types.js'
import { blocked } from './blocked/blocked.js'
import { Context, type Lowering } from './context.js'
import { convolutions } from './convolution.js'
import { doubleWindows } from './double.js'
import { doubleElementwise, elementwise } from './elementwise.js'
import { linear } from './linear.js'
import { movement } from './movement.js'
import { normalisations } from './normalisation.js'
import { pools } from './pool.js'
import { reductions } from './reduction.js'

const lowerings: Readonly<Record<string, Lowering>> = {
  ...elementwise,
  ...movement,
  ...reductions,
  ...linear,
  ...convolutions,
  ...pools,
  ...normalisations,
  ...blocked,
}

/** The kernels that can be lowered. */
export const loweredKernels = Object.keys(lowerings)

const doubleLowerings: typeof lowerings = { ...lowerings, ...doubleElementwise, ...doubleWindows }

function lowerNode(node: Node, context: Context): void {
  if (node.op === 'Input' || node.op === 'Fill') return
  const lowering = (context.builder.float === 'float64' ? doubleLowerings : lowerings)[node.op]
  if (!lowering) throw new Error(`The kernel ${node.op} is traced but has no lowering.`)
  const result = lowering(node, context)
  const refs = Array.isArray(result) ? (result as readonly Ref[]) : [result as Ref]
  node.outputs.forEach((value, i) => {
    context.define(value, refs[i]!)
  })
}

const storedRef = (name: string, value: Value): Ref => ({
  name,
  shape: value.shape,
  type: (value.node.storage ?? value.dtype) as TensorSpec['dtype'],
})

/**
 * Gives values the names of outputs. A value that a node of this graph made, and that is no output yet, is renamed in
 * place; any other (an input, a value of the outer graph, a second use) passes through an Identity, which copies it.
 */
function nameOutputs(builder: Builder, outputs: readonly { ref: Ref; name: string }[]): Ref[] {
  const made = new Set(builder.nodes.flatMap((node) => node.outputs))
  const names = new Map<string, string>()
  for (const { ref, name } of outputs) {
    if (made.has(ref.name) && !names.has(ref.name)) names.set(ref.name, name)
  }
  builder.rename(names)
  return outputs.map(({ ref, name }) => {
    const source = names.get(ref.name) ?? ref.name
    if (source !== name) {
      builder.nodes.push({ op: 'Identity', domain: '', inputs: [source], outputs: [name], attributes: {} })
    }
    return { ...ref, name }
  })
}

/** How a graph is lowered. */
export interface LoweringOptions {
  readonly precision: Precision
  /** Channels in a block of ONNX Runtime's blocked layout; 0 for standard ONNX. */
  readonly block: number
  /** Whether there may be no op outside of ONNX's own domain, for files that other runtimes read. */
  readonly standard?: boolean
}

const STANDARD: LoweringOptions = { precision: 'float32', block: 0 }

/** The graph that is lowered. In doubles there is nothing to gain from other layouts. */
function prepared(traced: Graph, { precision, block }: LoweringOptions): Graph {
  const graph = simplify(traced, precision)
  if (precision === 'float64') return graph
  const first = channelsFirst(graph)
  return block > 0 ? inBlocks(first, block) : first
}

/** The builder's nodes, in fewer passes over memory. */
function fuse(builder: Builder, outputs: readonly Ref[], { standard }: LoweringOptions): OnnxNode[] {
  const names = new Set(outputs.map(({ name }) => name))
  const nodes = fuseBias(dropUnused(builder.nodes, names), builder.refs, names)
  return standard ? nodes : fuseMultiplyAdd(builder, nodes, names)
}

/** Prefix of the inputs of a call's model, which keeps any name a signature may use apart from the model's own. */
export const CALL_INPUT = 'in:'
/** Prefix of the outputs of a call's model and of a loop's. */
export const OUTPUT = 'out:'

/** The model of one call: inputs and outputs under the names of the traced graph, with prefixes. */
export const lowerCall = (traced: Graph, options = STANDARD): Uint8Array =>
  lowerOnce(traced, options, { input: CALL_INPUT, output: OUTPUT })

/** An output that onnxruntime-node cannot give, an empty sequence: `run/in-place.ts` says what for. */
export const REFUSED = '%refused'

/** The model of a call with REFUSED as its first output. */
export const lowerInPlace = (traced: Graph, options = STANDARD): Uint8Array =>
  lowerOnce(traced, options, { input: CALL_INPUT, output: OUTPUT, refused: true })

/**
 * The model of a file: standard ONNX in single precision, inputs and outputs under the names of the traced graph. Inputs that
 * have constants are initializers under these names.
 */
export const lowerFile = (traced: Graph, constants: ReadonlyMap<string, HostArray>): Uint8Array =>
  lowerOnce(traced, { ...STANDARD, standard: true }, { input: '', output: '' }, constants)

function lowerOnce(
  traced: Graph,
  options: LoweringOptions,
  form: { readonly input: string; readonly output: string; readonly refused?: boolean },
  constants: ReadonlyMap<string, HostArray> = new Map(),
): Uint8Array {
  const graph = prepared(traced, options)
  const builder = new Builder(options.precision)
  const context = new Context(builder, options.block, options.standard)
  const inputs: Ref[] = []
  const held: Initializer[] = []
  for (const [name, value] of graph.inputs) {
    const ref = builder.declare(storedRef(form.input + name, value))
    context.define(value, ref)
    const constant = constants.get(name)
    if (constant === undefined) inputs.push(ref)
    else held.push({ ...ref, bytes: new Uint8Array(constant.buffer, constant.byteOffset, constant.byteLength) })
  }
  for (const node of nodesOf(graph)) lowerNode(node, context)
  const results = [...graph.outputs].map(([name, value]) => ({
    ref: context.full(value),
    name: form.output + name,
  }))
  const outputs = nameOutputs(builder, results)
  const nodes = fuse(builder, outputs, options)
  const initializers = [...held, ...builder.initializers]
  if (!form.refused) return modelBytes({ name: 'call', nodes, initializers, inputs, outputs })
  const empty = { op: 'SequenceEmpty', domain: '', inputs: [], outputs: [REFUSED], attributes: {} }
  const refused: Output = { name: REFUSED, shape: [], type: 'float32', sequence: true }
  return modelBytes({
    name: 'call',
    nodes: [...nodes, empty],
    initializers,
    inputs,
    outputs: [refused, ...outputs],
  })
}

/** Name of the input that says how many steps to run. */
export const STEPS = '%steps'

/**
 * The model of many steps. Inputs: the carry, `each` with a leading steps dimension, the resident tensors, and STEPS.
 * What depends on resident tensors alone is computed once, outside of the Loop.
 */
export function lowerLoop(traced: Graph, options = STANDARD): Uint8Array {
  const graph = prepared(traced, options)
  const outer = new Builder(options.precision)
  const outside = new Context(outer, options.block)
  const steps: Ref = { name: STEPS, shape: [], type: 'int64' }
  const inputs: (Ref & { lead?: string })[] = [steps]
  const carried: [string, Value][] = []
  const sliced: [Value, Ref][] = []
  for (const [name, value] of graph.inputs) {
    const ref = outer.declare(storedRef(name, value))
    inputs.push(name.startsWith('each/') ? { ...ref, lead: 'steps' } : ref)
    if (name.startsWith('resident/')) outside.define(value, ref)
    else if (name.startsWith('carry/')) carried.push([name, value])
    else sliced.push([value, ref])
  }

  const order = nodesOf(graph)
  const invariant = new Set<Node>()
  for (const node of order) {
    const resident = node.op === 'Input' ? String(node.attrs.name).startsWith('resident/') : true
    if (resident && node.inputs.every((value) => invariant.has(value.node))) invariant.add(node)
  }
  for (const node of order) if (invariant.has(node)) lowerNode(node, outside)

  const body = outer.subgraph()
  const inside = outside.inside(body)
  const iteration: Ref = { name: '%iteration', shape: [], type: 'int64' }
  const condition: Ref = { name: '%condition', shape: [], type: 'bool' }
  const bodyInputs = [iteration, condition]
  for (const [name, value] of carried) {
    const ref = body.declare(storedRef(`body:${name}`, value))
    inside.define(value, ref)
    bodyInputs.push(ref)
  }
  for (const [value, ref] of sliced) {
    inside.define(value, body.add('Gather', [ref, iteration], ref.shape, ref.type, { axis: 0 }))
  }
  for (const node of order) if (!invariant.has(node)) lowerNode(node, inside)

  const results = [{ ref: condition, name: '%continue' }]
  const outputs: (Ref & { lead?: string })[] = []
  for (const [name, value] of graph.outputs) {
    const carry = name.startsWith('carry/')
    const stored = carry ? graph.inputs.get(name)?.node.storage : undefined
    const full = inside.full(value)
    const ref = stored ? body.cast(full, stored) : full
    results.push({ ref, name: `next:${name}` })
    outputs.push({ ...ref, name: OUTPUT + name, lead: carry ? undefined : 'steps' })
  }
  const bodyOutputs = nameOutputs(body, results)
  const bodyGraph: OnnxGraph = {
    name: 'step',
    nodes: fuse(body, bodyOutputs, options),
    initializers: [],
    inputs: bodyInputs,
    outputs: bodyOutputs,
  }
  outer.nodes.push({
    op: 'Loop',
    domain: '',
    inputs: [STEPS, '', ...carried.map(([name]) => name)],
    outputs: outputs.map(({ name }) => name),
    attributes: { body: bodyGraph },
  })
  return modelBytes({ name: 'loop', nodes: outer.nodes, initializers: outer.initializers, inputs, outputs })
}
