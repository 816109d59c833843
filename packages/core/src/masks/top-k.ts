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

/**
 * Counts the scores by their first 16 bits, which order them but for what shares a bin, and sorts the bin that holds the k-th
 * largest: a pass over the scores in place of a sort of millions.
 */
function kthLargest(scores: ScoreArray, k: number): number {
  checkNumbers(scores)
  const bins = binsOf(scores)
  const counts = new Uint32Array(BINS)
  for (let i = 0; i < bins.length; i++) counts[bins[i]!]!++
  let above = 0
  let bin = BINS - 1
  while (above + counts[bin]! < k) above += counts[bin--]!
  const sorted = scores.slice(0, counts[bin]!)
  for (let i = 0, next = 0; i < bins.length; i++) if (bins[i] === bin) sorted[next++] = scores[i]!
  sorted.sort()
  return sorted[sorted.length - (k - above)]!
}

const BINS = 2 ** 16

function checkNumbers(scores: ScoreArray): void {
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isNaN(scores[i])) continue
    throw new UserError(
      `Score ${i} of ${scores.length} is NaN, so weights cannot be ranked; the network has diverged, lower the learning rate.`,
    )
  }
}

/** A number of 16 bits for each score, larger for larger ones: sign, exponent and the first bits of the fraction. */
function binsOf(scores: ScoreArray): Uint16Array {
  const halves = new Uint16Array(scores.buffer, scores.byteOffset, scores.byteLength / 2)
  const perScore = scores.BYTES_PER_ELEMENT / 2
  const bins = new Uint16Array(scores.length)
  // The last half has the highest bits (little-endian). Negative numbers are ordered backwards.
  for (let i = 0, at = perScore - 1; i < bins.length; i++, at += perScore) {
    const bits = halves[at]!
    bins[i] = bits >= 0x8000 ? ~bits : bits | 0x8000
  }
  return bins
}
