/** The order in which examples are seen: a fresh permutation each epoch, a pure function of the iteration. */
import { UserError } from '../errors.js'
import type { Streams } from '../random/index.js'

/** Full batches in an epoch; the examples left over at its end are dropped. */
export function stepsPerEpoch(examples: number, batchSize: number): number {
  const steps = Math.floor(examples / batchSize)
  if (steps === 0) {
    throw new UserError(
      `A batch of ${batchSize} needs that many training examples, and there are ${examples}; lower batchSize.`,
    )
  }
  return steps
}

/**
 * Gives the example indices of any batch: batch b of epoch e is the b-th run of `batchSize` in the permutation of the
 * stream "order/epoch/<e>". So an iteration's batch does not depend on where a run began (claims.md 13, rewind).
 */
export function batchOrder(
  streams: Streams,
  examples: number,
  batchSize: number,
): (iteration: number, steps: number) => Int32Array {
  const perEpoch = stepsPerEpoch(examples, batchSize)
  let epoch = -1
  let permutation = new Int32Array(0)
  return (iteration, steps) => {
    const indices = new Int32Array(steps * batchSize)
    for (let step = 0; step < steps; step++) {
      const wanted = Math.floor((iteration + step) / perEpoch)
      if (wanted !== epoch) {
        epoch = wanted
        permutation = new Int32Array(streams(`order/epoch/${epoch}`).permutation(examples))
      }
      const start = ((iteration + step) % perEpoch) * batchSize
      indices.set(permutation.subarray(start, start + batchSize), step * batchSize)
    }
    return indices
  }
}
