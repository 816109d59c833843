/** Drawing as many examples of each class by a named stream. */
import { UserError } from '../errors.js'
import type { Stream } from '../random/stream.js'

export interface Classes {
  /** The class of each example that a candidate is the index of. */
  readonly labels: Uint8Array
  readonly classes: number
}

/**
 * `perClass` of the candidates of each class, ascending: for scores (ten of each class in GraSP's, claims.md 13) and small
 * training sets. Fewer drawn by the same stream are part of more.
 *
 * @throws UserError if a class has not that many
 */
export function drawOfEachClass(
  draws: Stream,
  candidates: Int32Array,
  { labels, classes }: Classes,
  perClass: number,
): Int32Array {
  if (!Number.isInteger(perClass) || perClass < 0) {
    throw new UserError(`${perClass} examples of each class cannot be drawn; ask for a whole number.`)
  }
  const taken = new Array<number>(classes).fill(0)
  const drawn = draws.shuffle(candidates.slice()).filter((example) => taken[labels[example]!]!++ < perClass)
  const short = taken.findIndex((count) => count < perClass)
  if (short !== -1) {
    throw new UserError(
      `${perClass} examples of each class cannot be drawn: class ${short} has ${taken[short]}; ask for at most that many.`,
    )
  }
  return drawn.sort()
}
