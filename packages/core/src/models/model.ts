/** What a model is: named parameters with their shapes, and a function of them. */
import type { tf } from '@winning-tickets/jit'
import type { JsonObject } from '../config/index.js'
import type { Streams } from '../random/index.js'

/** How a parameter is drawn: a centred normal with a standard deviation, a uniform on [0, 1), or one value everywhere. */
export type Initializer =
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'uniform' }
  | { readonly kind: 'constant'; readonly value: number }

/**
 * Which parameters a mask covers (trap T3): all kernels; or those of convolutions without the projections on shortcuts and
 * without the output layer, as Frankle & Carbin prune VGG-19 and ResNets (claims.md 1.a); or kernels and biases, as SNIP's
 * own code does (claims.md 5.d).
 */
export type PrunablePolicy = 'kernels' | 'convolutions' | 'weights-and-biases'

export interface ParameterSpec {
  /** Layer and part, joined with a dot: "fc1.kernel". */
  readonly name: string
  /** Kernels of dense layers are [in, out], of convolutions [height, width, in, out]. */
  readonly shape: readonly number[]
  readonly kind: 'dense' | 'conv' | 'batchnorm' | 'embedding' | 'recurrent'
  readonly role: 'kernel' | 'bias' | 'scale' | 'shift' | 'mean' | 'variance'
  /** Inputs that one output sums over, and outputs that one input feeds. */
  readonly fanIn: number
  readonly fanOut: number
  /** Times a kernel is used for one example: height * width of a convolution's output; once, if absent. */
  readonly positions?: number
  readonly initializer: Initializer
  /** False for statistics, which no gradient moves. */
  readonly trainable: boolean
  /** Whether a mask may remove its elements: by the model's policy (trap T3). */
  readonly prunable: boolean
  /** Whether it belongs to the output layer. */
  readonly output: boolean
  /** Whether it belongs to a projection on a residual shortcut. */
  readonly shortcut?: boolean
}

/** Host values of a model's parameters by name, row-major. */
export type Weights = Readonly<Record<string, Float32Array>>
export type TensorRecord = Readonly<Record<string, tf.Tensor>>

/** Where a model drops units in training. */
export interface DropoutSite {
  readonly name: string
  /** Of one example. */
  readonly shape: readonly number[]
  /** Fraction that is dropped. */
  readonly rate: number
}

export interface ModelMode {
  readonly training: boolean
  /** What statistics become in training: running averages (default), or those of this batch alone. */
  readonly statistics?: 'running' | 'batch'
  /** Which units stay, by dropout site: [batch, ...shape], 0 or 1. Training needs them, if the model has sites. */
  readonly stay?: TensorRecord
  /** Carried state (an LSTM's h and c), for models that have it. */
  readonly state?: TensorRecord
  /**
   * Applied to what a layer gives, wherever there is no path around it: after each layer with parameters, but only after a
   * whole residual block, not inside. SynFlow keeps its numbers in range so.
   */
  readonly between?: (activation: tf.Tensor) => tf.Tensor
}

export interface ModelOutputs {
  /** [batch, ...]: logits for a classifier. */
  readonly output: tf.Tensor
  /** New values of parameters that are statistics (batch norm's mean and variance), in training mode. */
  readonly statistics?: TensorRecord
  readonly state?: TensorRecord
}

export interface Model {
  /** Name in the registry: "lenet-300-100". */
  readonly name: string
  /** Name and options with every default written out; what a stage's id is made of. */
  readonly config: JsonObject
  /** Shape of one example. */
  readonly inputShape: readonly number[]
  readonly classes?: number
  /** What `prunable` of its parameters goes by; "kernels", if absent. */
  readonly prunablePolicy?: PrunablePolicy
  /** In the order of the layers: the order in which a global ranking breaks ties. */
  readonly parameters: readonly ParameterSpec[]
  /** Where it drops units in training; none, if absent. */
  readonly dropout?: readonly DropoutSite[]
  /** Draws every parameter from its own stream, "fc1.kernel" below the given ones: `model.init(within(streams(seed), 'init'))`. */
  init(streams: Streams): Weights
  /** A pure TensorFlow.js function: x is [batch, ...inputShape], float32. */
  apply(parameters: TensorRecord, x: tf.Tensor, mode: ModelMode): ModelOutputs
}

/** The parameters a mask covers, in the model's order. */
export function prunableParameters(model: Model): readonly ParameterSpec[] {
  return model.parameters.filter((parameter) => parameter.prunable)
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** All parameters of the model, biases and statistics included. */
export function parameterCount(model: Model): number {
  return model.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
}
