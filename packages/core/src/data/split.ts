/** Dividing the training examples into those to train on and those to validate on. */
import { UserError } from '../errors.js'
import { stream } from '../random/stream.js'

export interface SplitOptions {
  /** Examples held out for validation. */
  readonly validation: number
  /** Examples to train on; default all the others. */
  readonly train?: number
  /** Root seed of the stream "split". Default 0, whatever the seed of the run: replicates share the data's split. */
  readonly seed?: number
}

/** Indices into the training examples, ascending. */
export interface Split {
  readonly train: Int32Array
  readonly validation: Int32Array
}

/**
 * Draws a random split of `count` examples (the paper's validation split is random too: claims.md 1.b). The validation
 * examples do not depend on how many others are trained on, and a smaller training set is part of a larger one.
 *
 * @throws UserError if there are not that many examples
 */
export function split(count: number, { validation, train = count - validation, seed = 0 }: SplitOptions): Split {
  const fits = [validation, train].every((n) => Number.isInteger(n) && n >= 0) && validation + train <= count
  if (!fits) {
    throw new UserError(
      `${count} examples cannot be split into ${train} for training and ${validation} for validation; ask for whole numbers of at most ${count} together.`,
    )
  }
  const order = stream(seed, 'split').permutation(count)
  return {
    validation: order.slice(0, validation).sort(),
    train: order.slice(validation, validation + train).sort(),
  }
}
