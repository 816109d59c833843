/**
 * Blocked tensors that are not computed yet: a sum of tensors, each multiplied channel by channel, plus a number a
 * channel. Batch norm and its gradient, biases and residual sums are all of this form, and a chain of them is one or two
 * passes over memory, for ONNX Runtime's blocked 1x1 depthwise convolution multiplies, adds and takes the ReLU in one.
 */
import { makeNode, type Value } from '../../trace/graph.js'
import { plus, type Scale, spread, times } from './scale.js'

export interface Term {
  readonly tensor: Value
  readonly factor: Scale
}

interface Parts {
  readonly terms: readonly Term[]
  readonly offset: Scale
}

/** More terms than these are computed rather than carried along: each is a pass wherever the sum is used. */
const MOST_TERMS = 2

export class Combination {
  private made: Value | undefined
  private activated: Value | undefined

  /** @param shape [batch, channels, rows, columns] of the whole */
  constructor(
    readonly shape: readonly number[],
    readonly terms: readonly Term[],
    readonly offset: Scale = 0,
  ) {}

  static of(tensor: Value): Combination {
    return new Combination(tensor.shape, [{ tensor, factor: 1 }])
  }

  /** What there is to compute with: once computed, the tensor itself. */
  get parts(): Parts {
    return this.made ? { terms: [{ tensor: this.made, factor: 1 }], offset: 0 } : this
  }

  /** Whether there is nothing left to compute. */
  get isTensor(): boolean {
    const { terms, offset } = this.parts
    return terms.length === 1 && terms[0]!.factor === 1 && offset === 0
  }

  /** The numbers of a combination without tensors. */
  get uniform(): Scale | undefined {
    return this.terms.length === 0 ? this.offset : undefined
  }

  scaled(factor: Scale): Combination {
    const { terms, offset } = this.parts
    const multiplied = terms.map((term) => ({ ...term, factor: times(term.factor, factor) }))
    const left = multiplied.filter((term) => term.factor !== 0)
    return new Combination(this.shape, left, times(offset, factor))
  }

  plus(other: Combination): Combination {
    const merged = merge([this.parts, other.parts])
    if (merged.terms.length <= MOST_TERMS) return new Combination(this.shape, merged.terms, merged.offset)
    for (const operand of [this, other]) if (operand.parts.terms.length > 1) operand.tensor()
    const { terms, offset } = merge([this.parts, other.parts])
    return new Combination(this.shape, terms, offset)
  }

  /** The tensor, computed at most once. */
  tensor(): Value {
    this.made ??= computed(this.shape, this.parts, false)
    return this.made
  }

  /** The ReLU of the tensor, computed at most once. */
  relu(): Value {
    this.activated ??= computed(this.shape, this.parts, true)
    return this.activated
  }
}

/** Equal tensors are one term. */
function merge(all: readonly Parts[]): Parts {
  const factors = new Map<Value, Scale>()
  for (const { tensor, factor } of all.flatMap(({ terms }) => terms)) {
    const known = factors.get(tensor)
    factors.set(tensor, known === undefined ? factor : plus(known, factor))
  }
  const terms = [...factors].map(([tensor, factor]) => ({ tensor, factor }))
  return { terms, offset: all.map(({ offset }) => offset).reduce(plus) }
}

function computed(shape: readonly number[], { terms, offset }: Parts, relu: boolean): Value {
  if (terms.length === 0) {
    const tensor = spreadOver(spread(offset, shape[1]!, [1, shape[1]!, 1, 1]), shape)
    return relu ? activated(tensor) : tensor
  }
  let sum: Value | undefined
  // A tensor that is used as it is needs no pass of its own if another one adds it.
  const rest = [...terms]
  const bare = rest.findIndex(({ factor }) => factor === 1)
  if (bare >= 0 && rest.length > 1) sum = rest.splice(bare, 1)[0]!.tensor
  for (const [i, { tensor, factor }] of rest.entries()) {
    const last = i === rest.length - 1
    const bias = last ? offset : 0
    if (factor === 1 && bias === 0 && sum === undefined) sum = last && relu ? activated(tensor) : tensor
    else sum = affine({ tensor, factor, offset: bias, sum, relu: last && relu })
  }
  return sum!
}

/** One number an image and channel, [batch or 1, channels, 1, 1], for all pixels. */
export const spreadOver = (numbers: Value, shape: readonly number[]): Value =>
  makeNode('BlockedSpread', [numbers], {}, [{ shape, dtype: 'float32' }], { inputNames: ['x'] }).outputs[0]!

const activated = (x: Value): Value =>
  makeNode('Relu', [x], {}, [{ shape: x.shape, dtype: 'float32' }], { inputNames: ['x'] }).outputs[0]!

export interface Affine extends Term {
  readonly offset: Scale
  /** A tensor that is added. */
  readonly sum: Value | undefined
  readonly relu: boolean
}

/** tensor * factor + offset + sum, and the ReLU of it. */
export function affine({ tensor, factor, offset, sum, relu }: Affine): Value {
  const channels = tensor.shape[1]!
  const inputs = { x: tensor, factor: spread(factor, channels), ...extras(offset, sum, channels) }
  const output = { shape: tensor.shape, dtype: 'float32' as const }
  return makeNode('BlockedAffine', Object.values(inputs), { relu, scaled: factor !== 1 }, [output], {
    inputNames: Object.keys(inputs),
  }).outputs[0]!
}

/** The inputs of a blocked convolution that are there only if they are needed. */
const extras = (offset: Scale, sum: Value | undefined, channels: number) => ({
  ...(offset === 0 ? {} : { bias: spread(offset, channels) }),
  ...(sum ? { sum } : {}),
})
