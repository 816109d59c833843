/** What a lowering sees: the node's inputs as ONNX values, in the form that costs least. */
import type { Builder, Ref } from '../onnx/builder.js'
import { sameShape } from '../onnx/builder.js'
import type { ElementType } from '../onnx/schema.js'
import type { Node, Value } from '../trace/graph.js'
import { broadcast } from '../trace/shapes.js'

/** Turns one traced node into ONNX nodes; returns one ref per output. */
export type Lowering = (node: Node, context: Context) => Ref | readonly Ref[]

export class Context {
  private readonly refs = new Map<Value, Ref>()
  private readonly shared = new Map<string, readonly Ref[]>()

  /**
   * @param block channels in a block of the blocked layout; 0 for none
   * @param standard whether there may be no op outside of ONNX's own domain
   */
  constructor(
    readonly builder: Builder,
    readonly block = 0,
    readonly standard = false,
  ) {}

  /** A context for nodes inside a subgraph: it sees everything that this one has. */
  inside(builder: Builder): Context {
    const inner = new Context(builder, this.block, this.standard)
    for (const [value, ref] of this.refs) inner.refs.set(value, ref)
    for (const [key, refs] of this.shared) inner.shared.set(key, refs)
    return inner
  }

  /** What several lowerings need alike, made once; the key names it and all that it depends on. */
  once(key: string, make: () => readonly Ref[]): readonly Ref[] {
    const refs = this.shared.get(key) ?? make()
    this.shared.set(key, refs)
    return refs
  }

  define(value: Value, ref: Ref): void {
    this.refs.set(value, ref)
  }

  has(value: Value): boolean {
    return this.refs.has(value)
  }

  /** The value as it is stored: an int32 value may still be uint8. For ops that only move elements. */
  stored(value: Value): Ref {
    const ref = this.refs.get(value)
    if (ref) return ref
    if (value.node.op !== 'Fill') throw new Error(`The value of ${value.node.op} was used before it was lowered.`)
    const { builder } = this
    const scalar = this.fill(value)
    const full =
      value.shape.length === 0
        ? scalar
        : builder.add('Expand', [scalar, builder.ints(value.shape)], value.shape, value.dtype)
    this.refs.set(value, full)
    return full
  }

  /** The value in its own type. */
  full(value: Value): Ref {
    return this.builder.cast(this.stored(value), value.dtype)
  }

  private fill(value: Value): Ref {
    return this.builder.scalar(Number(value.node.attrs.value), value.dtype)
  }

  /**
   * Operands of an element-wise op. Uniform tensors stay scalars, and a tensor that was only broadcast is used as it was
   * before, wherever ONNX's own broadcasting restores the shape of the result.
   */
  operands(values: readonly Value[], shape: readonly number[]): Ref[] {
    const small = values.map((value) => this.unbroadcast(value))
    for (let i = 0; i < values.length; i++) {
      const shapes = small.map((ref) => ref.shape)
      if (sameShape(shapes.reduce(broadcast), shape)) break
      small[i] = this.full(values[i]!)
    }
    return small
  }

  private unbroadcast(value: Value): Ref {
    if (value.node.op === 'Fill') return this.fill(value)
    const source = broadcastSource(value.node)
    return this.full(source ?? value)
  }

  /** The type of an element-wise result: the dtype of the traced value. */
  type(node: Node): ElementType {
    return node.outputs[0]!.dtype
  }
}

/** The input of a node that only repeats it along axes of length 1, if the node is one. */
export function broadcastSource(node: Node): Value | undefined {
  if (node.op !== 'Tile' && node.op !== 'BroadcastTo') return undefined
  const [x] = node.inputs
  const [y] = node.outputs
  const lead = y!.shape.length - x!.shape.length
  return x!.shape.every((side, axis) => side === 1 || side === y!.shape[axis + lead]) ? x : undefined
}
