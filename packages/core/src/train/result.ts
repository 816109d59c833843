/** What a training run takes and gives. */
import type { Engine } from '@winning-tickets/jit'
import type { DensityRecord } from '../masks/index.js'
import type { Model, Weights } from '../models/index.js'
import type { Recipe } from '../recipes/index.js'
import type { Metrics, SplitName, Task } from '../tasks/index.js'
import type { OptimizerState, Ticket } from '../tickets/index.js'

export interface TrainOptions {
  readonly model: Model
  readonly task: Task
  /** Its `step` is where the run begins: schedule and data order continue from there. */
  readonly ticket: Ticket
  readonly recipe: Recipe
  /** Root seed of the run's streams (data order); the ticket has its own. */
  readonly seed: number
  readonly engine: Engine
  /** Iterations after which weights and optimizer state are kept in the result: rewind points. */
  readonly keepAt?: readonly number[]
  /** Called after each call of the loop: at least about once a second. */
  readonly onProgress?: (progress: Progress) => void
  readonly checkpoint?: CheckpointOptions
  /** Stops the run between two calls of the loop, after writing a checkpoint; `train` then throws the signal's reason. */
  readonly signal?: AbortSignal
}

export interface CheckpointOptions {
  /** The file; if it exists, the run continues from it. The caller removes it when the result is safe. */
  readonly path: string
  /** Evaluations between two checkpoints; default 10. */
  readonly everyEvaluations?: number
}

export interface Progress {
  readonly iteration: number
  readonly iterations: number
  /** Mean over the last call of the loop. */
  readonly trainLoss: number
  /** Of the last evaluation. */
  readonly validationLoss: number
  readonly validationAccuracy?: number
  readonly density: number
  /** Since this process took up the run, evaluations included. */
  readonly stepsPerSecond: number
}

/** One value for each evaluation on the validation split. */
export interface Curves {
  /** Iterations done: the start of the run, then every multiple of `evaluateEvery`, then the end. */
  readonly iteration: Int32Array
  /** Mean training loss over the iterations since the evaluation before; NaN at the start. */
  readonly trainLoss: Float32Array
  readonly validationLoss: Float32Array
  /** A fraction; NaN if the task measures none. */
  readonly validationAccuracy: Float32Array
}

/** A network in the middle of a run. */
export interface Snapshot {
  readonly step: number
  readonly weights: Weights
  readonly optimizer: OptimizerState
}

export type SplitMetrics = Readonly<Record<SplitName, Metrics>>

export interface TrainResult {
  readonly final: Snapshot & { readonly metrics: SplitMetrics }
  /**
   * The first iteration of the smallest validation loss (claims.md 13), with the weights it had. The evaluation before
   * the first step does not count, unless it is the only one.
   */
  readonly earlyStop: { readonly iteration: number; readonly weights: Weights; readonly metrics: SplitMetrics }
  readonly curves: Curves
  /** By iteration of `keepAt`. */
  readonly kept: Readonly<Record<number, Snapshot>>
  readonly density: DensityRecord
}
