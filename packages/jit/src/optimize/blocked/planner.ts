/** What is known of each value of a graph with channels first: how to have it plain, in blocks, or as a number a channel. */
import { makeNode, type Value } from '../../trace/graph.js'
import { Combination } from './combination.js'
import { plus, type Scale, times } from './scale.js'

/** How a value can be had; what is not asked for is not computed. */
export interface Form {
  /** The value as it would be without blocks: images with channels first. */
  plain(): Value
  /** What was computed in blocks. */
  readonly combination?: Combination
  /** The numbers of a value that has one a channel, or one in all. */
  readonly scale?: () => Scale
  /** A value that was not computed in blocks, but costs the same there. */
  readonly spread?: () => Combination
}

/** What is made when it is asked for, and only once. */
export function lazy<T>(make: () => T): () => T {
  let known: { readonly value: T } | undefined
  return () => {
    known ??= { value: make() }
    return known.value
  }
}

/** The order of a transposition that moves channels to the front, and of one that moves them back. */
const TO_FIRST = '0,3,1,2'
const TO_LAST = [0, 2, 3, 1]

export class Planner {
  private readonly forms = new Map<Value, Form>()
  private readonly blocked = new Map<Value, Combination>()
  private readonly means = new Map<Value, Scale>()
  private readonly imageMeans = new Map<Value, Value>()
  /** Of a tensor that was computed from a combination: that combination. */
  private readonly origins = new Map<Value, Combination>()

  /** @param block channels that lie together: 16 or 8 */
  constructor(readonly block: number) {}

  define(value: Value, form: Form): void {
    this.forms.set(value, form)
  }

  form(value: Value): Form {
    return this.forms.get(value)!
  }

  plain(value: Value): Value {
    return this.form(value).plain()
  }

  /** Whether the value could be had in blocks: images of floats with whole blocks of channels. */
  fits({ shape, dtype }: Pick<Value, 'shape' | 'dtype'>): boolean {
    return shape.length === 4 && dtype === 'float32' && shape[1]! % this.block === 0
  }

  /** Whether the value was computed in blocks. */
  isBlocked(value: Value): boolean {
    return this.form(value).combination !== undefined
  }

  /** A value that fits, in blocks. */
  combination(value: Value): Combination {
    const { combination, scale, spread } = this.form(value)
    if (combination) return combination
    if (spread) return spread()
    if (scale) return new Combination(value.shape, [], scale())
    let moved = this.blocked.get(value)
    if (!moved) {
      moved = Combination.of(this.moved(this.plain(value)))
      this.blocked.set(value, moved)
    }
    return moved
  }

  /** A value that fits, as one tensor in blocks. */
  tensor(value: Value): Value {
    return this.computed(this.combination(value))
  }

  computed(combination: Combination): Value {
    const made = combination.tensor()
    if (combination.terms[0]?.tensor !== made) this.origins.set(made, combination)
    return made
  }

  /** A blocked combination as a form; plain only where something needs it so. */
  formOf(combination: Combination): Form {
    return { combination, plain: lazy(() => unblocked(this.computed(combination), false)) }
  }

  private moved(plain: Value): Value {
    const { node, shape } = plain
    const last = node.op === 'Transpose' && String(node.attrs.perm) === TO_FIRST
    if (shape[2] === 1 && shape[3] === 1) return plain
    return made('Block', [last ? node.inputs[0]! : plain], { channelsLast: last }, shape)
  }

  /** The mean of each image's channels, [batch, channels]. */
  imageMean(tensor: Value): Value {
    const known = this.imageMeans.get(tensor)
    if (known) return known
    const factors = factorsOf(tensor)
    const op = factors ? 'BlockedMeanProduct' : 'BlockedMean'
    const mean = made(op, factors ?? [tensor], {}, tensor.shape.slice(0, 2))
    this.imageMeans.set(tensor, mean)
    return mean
  }

  /** The mean of each channel over batch, rows and columns. */
  mean(combination: Combination): Scale {
    const known = this.knownMean(combination)
    if (known !== undefined) return known
    const { terms, offset } = combination.parts
    return terms.map(({ tensor, factor }) => times(this.tensorMean(tensor), factor)).reduce(plus, offset)
  }

  /** The mean that follows from those that were computed before, if it does. */
  private knownMean({ terms, offset }: Combination): Scale | undefined {
    const means = terms.map(({ tensor, factor }) => ({ factor, mean: this.known(tensor) }))
    if (means.some(({ mean }) => mean === undefined)) return undefined
    return means.map(({ mean, factor }) => times(mean!, factor)).reduce(plus, offset)
  }

  private known(tensor: Value): Scale | undefined {
    const origin = this.origins.get(tensor)
    return this.means.get(tensor) ?? (origin && this.knownMean(origin))
  }

  private tensorMean(tensor: Value): Scale {
    const mean =
      this.known(tensor) ?? made('Mean', [this.imageMean(tensor)], { axis: [0], keepDims: false }, [tensor.shape[1]!])
    this.means.set(tensor, mean)
    return mean
  }
}

/**
 * What is multiplied, of a product of two tensors in blocks: its mean needs no product in memory. Plain images of single
 * pixels are in blocks as they are, and a product of them may broadcast: that one stays.
 */
function factorsOf({ node: { op, inputs }, shape }: Value): readonly Value[] | undefined {
  if (op === 'Square') return [inputs[0]!, inputs[0]!]
  return op === 'Multiply' && inputs.every((factor) => String(factor.shape) === String(shape)) ? inputs : undefined
}

/** Blocked images with channels first or last. */
export function unblocked(tensor: Value, channelsLast: boolean): Value {
  const { shape } = tensor
  const result = channelsLast ? TO_LAST.map((axis) => shape[axis]!) : shape
  // Of a single pixel all orders are the same.
  if (shape[2] === 1 && shape[3] === 1)
    return channelsLast ? made('Reshape', [tensor], { shape: result }, result) : tensor
  return made('Unblock', [tensor], { channelsLast }, result)
}

export const made = (
  op: string,
  inputs: readonly Value[],
  attrs: Parameters<typeof makeNode>[2],
  shape: readonly number[],
): Value => makeNode(op, inputs, attrs, [{ shape, dtype: 'float32' }], { inputNames: ['x', 'y'] }).outputs[0]!
