/** Builds an ONNX graph: nodes with fresh names, shared constants, and subgraphs that see the outer names. */
import { attributeTypes, type ElementType, elementTypes, encodeModel } from './schema.js'

/** A named value of the ONNX graph with what the lowerings need to know about it. */
export interface Ref {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: ElementType
}

export type OnnxAttribute = number | string | readonly number[] | { float: number } | OnnxGraph

export interface OnnxNode {
  readonly op: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

export interface Initializer extends Ref {
  readonly bytes: Uint8Array
}

/**
 * A value that a graph gives out. `lead` is a leading dimension whose length only the run knows (loop steps); a `sequence` is a
 * list of tensors of the type.
 */
export interface Output extends Ref {
  readonly lead?: string
  readonly sequence?: boolean
}

/** A graph or a subgraph. */
export interface OnnxGraph {
  readonly name: string
  readonly nodes: OnnxNode[]
  readonly initializers: Initializer[]
  readonly inputs: readonly Ref[]
  readonly outputs: readonly Output[]
}

/** Names and constants shared by a model's graph and its subgraphs. */
class Names {
  private next = 0
  readonly constants = new Map<string, Ref>()
  readonly initializers: Initializer[] = []
  readonly refs = new Map<string, Ref>()
  /** Inputs and outputs carry a prefix ('in:', 'carry/', 'out:' ...), so internal names never collide with theirs. */
  fresh = () => `%${this.next++}`
}

export class Builder {
  readonly nodes: OnnxNode[] = []

  /** @param float the type that stands for float32 in this model: float64 makes one in doubles */
  constructor(
    readonly float: 'float32' | 'float64' = 'float32',
    private readonly names = new Names(),
  ) {}

  /** A builder for a subgraph: its own nodes, the same names and constants. */
  subgraph(): Builder {
    return new Builder(this.float, this.names)
  }

  get initializers(): Initializer[] {
    return this.names.initializers
  }

  /** Values by name: all that nodes made, constants, and declared inputs. */
  get refs(): ReadonlyMap<string, Ref> {
    return this.names.refs
  }

  /** Makes an input known by its name. */
  declare(ref: Ref): Ref {
    const typed = { ...ref, type: this.typed(ref.type) }
    this.names.refs.set(ref.name, typed)
    return typed
  }

  private typed = (type: ElementType): ElementType => (type === 'float32' ? this.float : type)

  /** Adds a node with one output. */
  add(
    op: string,
    inputs: readonly (Ref | undefined)[],
    shape: readonly number[],
    type: ElementType,
    attributes: OnnxNode['attributes'] = {},
    domain = '',
  ): Ref {
    return this.addMany(op, inputs, [{ shape, type }], attributes, domain)[0]!
  }

  /** Adds a node with several outputs. */
  addMany(
    op: string,
    inputs: readonly (Ref | undefined)[],
    outputs: readonly { shape: readonly number[]; type: ElementType }[],
    attributes: OnnxNode['attributes'] = {},
    domain = '',
  ): Ref[] {
    const refs = outputs.map(({ shape, type }) => ({
      name: this.names.fresh(),
      shape: [...shape],
      type: this.typed(type),
    }))
    for (const ref of refs) this.names.refs.set(ref.name, ref)
    this.nodes.push({
      op,
      domain,
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs: refs.map(({ name }) => name),
      attributes,
    })
    return refs
  }

  /** Renames values of this graph wherever its nodes make or use them. */
  rename(names: ReadonlyMap<string, string>): void {
    for (const [old, name] of names) {
      const ref = this.names.refs.get(old)
      if (ref) this.names.refs.set(name, { ...ref, name })
    }
    const renamed = (list: readonly string[]) => list.map((name) => names.get(name) ?? name)
    for (const [i, node] of this.nodes.entries()) {
      this.nodes[i] = { ...node, inputs: renamed(node.inputs), outputs: renamed(node.outputs) }
    }
  }

  /** A constant of the whole model; equal constants are stored once. */
  constant(data: ArrayLike<number>, shape: readonly number[], asked: ElementType): Ref {
    const type = this.typed(asked)
    const bytes = toBytes(data, type)
    const key = `${type}|${shape}|${Buffer.from(bytes).toString('base64')}`
    const known = this.names.constants.get(key)
    if (known) return known
    const ref: Initializer = { name: this.names.fresh(), shape: [...shape], type, bytes }
    this.names.constants.set(key, ref)
    this.names.initializers.push(ref)
    return this.declare(ref)
  }

  scalar(value: number, type: ElementType): Ref {
    return this.constant([value], [], type)
  }

  /** An int64 vector, as ONNX wants shapes, axes and starts. */
  ints(values: readonly number[]): Ref {
    return this.constant(values, [values.length], 'int64')
  }

  cast(x: Ref, asked: ElementType): Ref {
    const type = this.typed(asked)
    return x.type === type ? x : this.add('Cast', [x], x.shape, type, { to: elementTypes[type] })
  }

  reshape(x: Ref, shape: readonly number[]): Ref {
    if (sameShape(x.shape, shape)) return x
    return this.add('Reshape', [x, this.ints(shape)], shape, x.type)
  }
}

export const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((side, axis) => side === b[axis])

function toBytes(data: ArrayLike<number>, type: ElementType): Uint8Array {
  if (type === 'int64') return new Uint8Array(BigInt64Array.from(Array.from(data, BigInt)).buffer)
  const Type =
    type === 'float32' ? Float32Array : type === 'float64' ? Float64Array : type === 'int32' ? Int32Array : Uint8Array
  return new Uint8Array(Type.from(data).buffer)
}

function valueInfo({ name, shape, type, lead, sequence }: Output): object {
  const dim = [...(lead ? [{ dimParam: lead }] : []), ...shape.map((dimValue) => ({ dimValue }))]
  const tensorType = { elemType: elementTypes[type], ...(!sequence && { shape: { dim } }) }
  return { name, type: sequence ? { sequenceType: { elemType: { tensorType } } } : { tensorType } }
}

function attribute(name: string, value: OnnxAttribute): object {
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: attributeTypes.s }
  if (typeof value === 'number') return { name, i: value, type: attributeTypes.i }
  if (Array.isArray(value)) return { name, ints: value, type: attributeTypes.ints }
  if ('float' in value) return { name, f: value.float, type: attributeTypes.f }
  return { name, g: graphProto(value as OnnxGraph), type: attributeTypes.g }
}

function graphProto(graph: OnnxGraph): object {
  return {
    name: graph.name,
    node: graph.nodes.map((node) => ({
      input: node.inputs,
      output: node.outputs,
      opType: node.op,
      domain: node.domain,
      attribute: Object.entries(node.attributes).map(([name, value]) => attribute(name, value)),
    })),
    initializer: graph.initializers.map(({ name, shape, type, bytes }) => ({
      name,
      dims: shape,
      dataType: elementTypes[type],
      rawData: bytes,
    })),
    input: graph.inputs.map(valueInfo),
    output: graph.outputs.map(valueInfo),
  }
}

/** ONNX Runtime's domain of ops in its blocked layout. */
export const NCHWC = 'com.microsoft.nchwc'

const usesDomain = ({ nodes }: OnnxGraph, domain: string): boolean =>
  nodes.some(
    (node) =>
      node.domain === domain ||
      Object.values(node.attributes).some((value) => isGraph(value) && usesDomain(value, domain)),
  )

const isGraph = (value: OnnxAttribute): value is OnnxGraph => typeof value === 'object' && 'nodes' in value

/** ONNX Runtime's domain of ops of its own. */
export const MICROSOFT = 'com.microsoft'

/** The bytes of a model; opset 21 of ONNX and version 1 of Microsoft's domains, as far as they are used, IR version 10. */
export function modelBytes(graph: OnnxGraph): Uint8Array {
  return encodeModel({
    irVersion: 10,
    producerName: 'winning-tickets',
    opsetImport: [
      { domain: '', version: 21 },
      ...[MICROSOFT, NCHWC].filter((domain) => usesDomain(graph, domain)).map((domain) => ({ domain, version: 1 })),
    ],
    graph: graphProto(graph),
  })
}
