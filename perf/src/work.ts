/** What is done in one step of a measurement; both sides read it as JSON. */
import type { ModelName } from '@winning-tickets/core'

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

export type Work = TrainWork | InferWork

/** Something that is compiled and goes on for as long as it is asked. */
export interface Run {
  /** Trained parameters. */
  readonly parameters: number
  /** Does so many steps, and says how long they took. */
  seconds(steps: number): Promise<number>
}
