/** What is learned: an objective (traced, without data), a source of batches, and an evaluator. */
import type { Engine, HostTree, SpecTree, TensorSpec, TensorTree, tf } from '@winning-tickets/jit'
import type { Json, JsonObject } from '../config/index.js'
import type { NamedTensors } from '../files/index.js'
import type { Model, TensorRecord, Weights } from '../models/index.js'
import type { Streams } from '../random/index.js'

/** The tensors of one training step. */
export interface LossInputs {
  readonly model: Model
  readonly parameters: TensorRecord
  /** This step's batch, as `Objective.batch` describes it. */
  readonly batch: TensorTree
  /** The data that stay in the graph, as `Objective.resident` describes them. */
  readonly resident: TensorTree
  readonly state: TensorRecord
  /** Which units stay, for models with dropout: to be passed to `Model.apply`. */
  readonly stay?: TensorRecord
}

export interface LossOutputs {
  /** A scalar; the mean over the batch. */
  readonly loss: tf.Scalar
  /** New values of parameters that are statistics. */
  readonly statistics?: TensorRecord
  /** The carried state after the step, if the objective has one. */
  readonly state?: TensorRecord
}

/** A task without its data: shapes and pure TensorFlow.js functions, enough to trace the graph of a step. */
export interface Objective {
  readonly name: string
  /** Everything that can change a number (normalisation, shapes, ...), with defaults written out. */
  readonly config: JsonObject
  /** What one step takes from the batch source. */
  batch(batchSize: number): SpecTree
  /** Data that all steps share: images, tokens. Empty for host-fed sources. */
  readonly resident: SpecTree
  /** Tensors carried from step to step beside the parameters (an LSTM's h and c); they start at zero. */
  state(batchSize: number): Readonly<Record<string, TensorSpec>>
  loss(inputs: LossInputs): LossOutputs
  /** The graph of an evaluation, for its hash; absent if evaluation is not one graph (episodes of an environment). */
  readonly evaluation?: EvaluationGraph
  /** The loss of given examples, for methods that score weights by it. */
  readonly scoring?: ScoringLoss
}

export interface ScoringLoss {
  /** Specs of `count` examples. */
  inputs(count: number): SpecTree
  /** The mean loss of the examples, a scalar; `temperature` divides the logits. */
  loss(
    model: Model,
    parameters: TensorRecord,
    inputs: TensorTree,
    how: { readonly training: boolean; readonly temperature: number },
  ): tf.Scalar
}

/** Training examples that scores are computed on. */
export interface ScoringExamples {
  /** Places in the task's training split. */
  readonly indices: Int32Array
  /** [n]: the class of each. */
  readonly labels: Uint8Array
  /** [n, ...inputShape], row-major: as the model sees them, normalised. */
  readonly inputs: Float32Array
  /** What the scoring loss takes of them. */
  readonly batch: HostTree
}

export interface EvaluationGraph {
  /** Examples a batch, where there are as many: the batch of the graph's hash. */
  readonly batchSize: number
  /** Specs of `count` examples. */
  inputs(count: number): Readonly<Record<string, TensorSpec>>
  run(model: Model, parameters: TensorRecord, inputs: TensorTree): TensorTree
}

/** What a source must remember to continue: JSON, and tensors where that is not enough (environments' states). */
export interface SourceState {
  readonly json: Json
  readonly tensors?: NamedTensors
}

/**
 * Gives the batches. A *resident* source answers for any iteration at any time, so it has no state of its own. A
 * *host-fed* source is called with the current weights (rollouts of a policy) and has a state that checkpoints keep.
 */
export type BatchSource = ResidentSource | HostFedSource

export interface ResidentSource {
  readonly kind: 'resident'
  readonly resident: HostTree
  /** The batches of `steps` steps from an iteration on, stacked along a leading dimension. */
  batches(iteration: number, steps: number): HostTree
}

export interface HostFedSource {
  readonly kind: 'host-fed'
  /** The next batches: at least one step and at most `steps`, stacked along a leading dimension. */
  next(request: {
    readonly iteration: number
    readonly steps: number
    readonly weights: Weights
  }): Promise<{ readonly steps: number; readonly batches: HostTree }>
  state(): SourceState
  restore(state: SourceState): void
}

export type SplitName = 'train' | 'validation' | 'test'

/** Means over a split: the loss that early stopping goes by, and what else the task measures (accuracy as a fraction). */
export type Metrics = { readonly loss: number; readonly accuracy?: number } & Readonly<Record<string, number>>

export interface Evaluator {
  evaluate(weights: Weights): Promise<Metrics>
}

/** A task with its data. */
export interface Task {
  readonly objective: Objective
  /** Hash of the decoded data, or what else identifies them. */
  readonly dataId: string
  /** The same task without augmentation, if it has some: scores are taken on examples as they are (claims.md 13). */
  readonly plain?: Task
  source(options: {
    readonly model: Model
    readonly engine: Engine
    readonly streams: Streams
    readonly batchSize: number
  }): BatchSource
  evaluator(options: { readonly model: Model; readonly engine: Engine; readonly split: SplitName }): Promise<Evaluator>
  /**
   * Training examples for scores, without augmentation, drawn by the stream "scoring": `batch` of any class, or `perClass` of
   * each, `times` over and without repetition; a time's examples are one after the other, those of a class together.
   */
  scoringExamples?(streams: Streams, wanted: ScoringSetSize, times?: number): ScoringExamples
}

export type ScoringSetSize = { readonly batch: number } | { readonly perClass: number }
