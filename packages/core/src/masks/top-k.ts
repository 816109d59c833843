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
  for (let i = 0; i < total; i++) {
    if (scores[i]! > threshold) {
      kept[i] = 1
      ties--
    }
  }
  for (let i = 0; ties > 0; i++) {
    if (scores[i] === threshold) {
      kept[i] = 1
      ties--
    }
  }
  return kept
}

/**
 * Counts the scores by their first 16 bits, which order them but for what shares a bin, and sorts the bin that holds the k-th
 * largest: two passes over the scores in place of a sort of millions.
 */
function kthLargest(scores: ScoreArray, k: number): number {
  const first = firstBits(scores)
  const counts = new Uint32Array(2 ** 16)
  for (let i = first.start; i < first.halves.length; i += first.step) counts[first.halves[i]!]!++
  checkNumbers(scores, counts)

  let above = 0
  let bin = LARGEST
  for (; above + counts[bin]! < k; bin = nextBelow(bin)) above += counts[bin]!
  const members = scores.slice(0, counts[bin]!)
  for (let i = first.start, next = 0; next < members.length; i += first.step) {
    if (first.halves[i] === bin) members[next++] = scores[(i - first.start) / first.step]!
  }
  members.sort()
  return members[members.length - (k - above)]!
}

/** The first 16 bits of each score (sign, exponent, the fraction's beginning): every `step`-th half, from `start` on. */
function firstBits(scores: ScoreArray): { halves: Uint16Array; start: number; step: number } {
  const halves = new Uint16Array(scores.buffer, scores.byteOffset, scores.byteLength / 2)
  const step = scores.BYTES_PER_ELEMENT / 2
  // Little-endian, as all machines that Node runs on but one.
  return { halves, start: step - 1, step }
}

const SIGN = 0x8000
const LARGEST = SIGN - 1

/** The bits of the next smaller numbers: down to +0, then from -0 on to ever larger negative ones. */
function nextBelow(bin: number): number {
  if (bin < SIGN) return bin === 0 ? SIGN : bin - 1
  return bin + 1
}

/** NaN has an exponent of ones, as infinity has; only where there are such is it looked for. */
function checkNumbers(scores: ScoreArray, counts: Uint32Array): void {
  const infinity = scores.BYTES_PER_ELEMENT === 8 ? 0x7ff0 : 0x7f80
  const suspect = (sign: number): boolean => counts.subarray(sign + infinity, sign + SIGN).some((count) => count > 0)
  if (!suspect(0) && !suspect(SIGN)) return
  const nan = scores.findIndex(Number.isNaN)
  if (nan === -1) return
  throw new UserError(
    `Score ${nan} of ${scores.length} is NaN, so weights cannot be ranked; the network has diverged, lower the learning rate.`,
  )
}
