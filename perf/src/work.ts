/** What is done in one step of a measurement; both sides read it as JSON. */
import type { ModelName } from '@winning-tickets/core'
import type { Precision } from '@winning-tickets/jit'

/** A training step on synthetic images that stay in memory as bytes. */
export interface TrainWork {
  readonly task: 'train'
  readonly model: ModelName
  readonly batch: number
  /** Images in memory. */
  readonly examples: number
  /** Whether gradients are multiplied by masks, of density 0.2. */
  readonly masked: boolean
  readonly optimizer:
    | { readonly name: 'adam'; readonly learningRate: number }
    | { readonly name: 'sgd'; readonly learningRate: number; readonly momentum: number }
}

/** The logits of a batch of images, from bytes. */
export interface InferWork {
  readonly task: 'infer'
  readonly model: ModelName
  readonly batch: number
  readonly examples: number
}

/** From weights to the mask of a method: gradients, scores and the choice of the best. */
export interface ScoreWork {
  readonly task: 'score'
  readonly method: 'snip' | 'grasp' | 'synflow'
  readonly model: ModelName
  readonly density: number
  /** Rounds of scoring and choosing. */
  readonly rounds: number
  readonly precision: Precision
  /** Examples that are scored on, as many of each of ten classes; SynFlow needs none. */
  readonly batch: number
  /** Images that they are drawn from. */
  readonly examples: number
  /** Of the peer's GraSP: 2 as its authors, who compute the constant gradient by itself, or 1, the same numbers. */
  readonly passes?: 1 | 2
}

export type Work = TrainWork | InferWork | ScoreWork

/** Something that is compiled and goes on for as long as it is asked. */
export interface Run {
  /** Trained parameters. */
  readonly parameters: number
  /** Does so many steps, and says how long they took. */
  seconds(steps: number): Promise<number>
}
