/** The one exact selector: which K of N scores are the largest (trap T2). */
import { UserError } from '../errors.js'

export type ScoreArray = Float32Array | Float64Array

/** K = round(density * N), halves up (claims.md 13). */
export function keptCount(density: number, total: number): number {
  if (!(density >= 0 && density <= 1)) throw new UserError(`A density lies between 0 and 1, not ${density}.`)
  return Math.round(density * total)
}

/**
 * A 0/1 flag for each score: 1 for exactly the k largest. Of equal scores the one with the lower index is kept; 0 and
 * -0 are equal.
 *
 * @throws UserError if a score is NaN
 */
export function topK(scores: ScoreArray, k: number): Uint8Array {
  const total = scores.length
  if (!Number.isInteger(k) || k < 0 || k > total) {
    throw new RangeError(`top-K keeps between 0 and ${total} of ${total} scores, not ${k}.`)
  }
  const kept = new Uint8Array(total)
  if (k === 0) return kept
  const threshold = kthLargest(scores, k)
  let ties = k
  for (let i = 0; i < total; i++) if (scores[i]! > threshold) ties--
  for (let i = 0; i < total; i++) {
    const score = scores[i]!
    if (score > threshold || (score === threshold && ties-- > 0)) kept[i] = 1
  }
  return kept
}

/** The native sort of typed arrays is numeric and puts NaN last. */
function kthLargest(scores: ScoreArray, k: number): number {
  const sorted = scores.slice().sort()
  if (Number.isNaN(sorted[sorted.length - 1])) {
    throw new UserError(
      `Score ${scores.findIndex(Number.isNaN)} of ${scores.length} is NaN, so weights cannot be ranked; the network has diverged, lower the learning rate.`,
    )
  }
  return sorted[sorted.length - k]!
}
