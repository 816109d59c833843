/** Instability analysis: does a network land in the same valley whatever the order of its data? */
import { type TrainOptions, type TrainResult, train } from '../train/index.js'
import { type Line, type LineOptions, walkLine } from './line.js'

export interface InstabilityOptions
  extends Pick<TrainOptions, 'model' | 'task' | 'ticket' | 'recipe' | 'engine'>,
    Pick<LineOptions, 'points' | 'splits'> {
  /** Root seeds of the two copies' streams: data order and augmentation. */
  readonly seeds: readonly [number, number]
  /** Training batches that batch norm's statistics are averaged over; default 20. */
  readonly batches?: number
}

/**
 * Trains two copies of a ticket, from its step to the recipe's end, and walks the line between them. At the ticket's step k
 * the network is stable if the barrier is below 2% (claims.md 1.f).
 */
export async function instability({
  seeds,
  points,
  splits,
  batches = 20,
  ...training
}: InstabilityOptions): Promise<{ readonly copies: readonly [TrainResult, TrainResult]; readonly line: Line }> {
  const first = await train({ ...training, seed: seeds[0] })
  const second = await train({ ...training, seed: seeds[1] })
  const line = await walkLine({
    ...training,
    first: first.final.weights,
    second: second.final.weights,
    points,
    splits,
    statistics: { seed: seeds[0], batchSize: training.recipe.batchSize, batches },
  })
  return { copies: [first, second], line }
}
