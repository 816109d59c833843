/** The one exact selector: which K of N scores are the largest (trap T2). */
import { UserError } from '../errors.js'
import { countKept } from './masks.js'

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
  return topKOfAll([{ scores }], k)[0]!
}

/** Scores, of which those of flag 0 are no candidates. */
export interface Candidates {
  readonly scores: ScoreArray
  readonly mask?: Uint8Array
}

/**
 * Flags for the k largest candidates of all parts together, ties by part and index. Nothing branches on what masks and
 * scores hold, which no processor could foresee.
 *
 * @throws UserError if a score is NaN
 */
export function topKOfAll(given: readonly Candidates[], k: number): Uint8Array[] {
  const parts = alike(given)
  const candidates = parts.map(candidatesOf)
  const total = candidates.reduce((sum, { length }) => sum + length, 0)
  if (!Number.isInteger(k) || k < 0 || k > total) {
    throw new RangeError(`top-K keeps between 0 and ${total} of ${total} scores, not ${k}.`)
  }
  const threshold = k === 0 ? Infinity : kthLargest(candidates, k)
  let larger = 0
  const all = parts.map(({ scores, mask }) => {
    const kept = new Uint8Array(scores.length)
    for (let i = 0; i < kept.length; i++) kept[i] = Number(scores[i]! > threshold)
    if (mask) for (let i = 0; i < kept.length; i++) kept[i]! &= mask[i]!
    larger += countKept(kept)
    return kept
  })
  let ties = k - larger
  for (const [part, { scores, mask }] of parts.entries()) {
    for (let i = 0; ties > 0 && i < scores.length; i++) {
      if (scores[i] !== threshold || mask?.[i] === 0) continue
      all[part]![i] = 1
      ties--
    }
  }
  return all
}

/** All in single precision, or all in double. */
function alike(parts: readonly Candidates[]): readonly Candidates[] {
  if (new Set(parts.map(({ scores }) => scores.BYTES_PER_ELEMENT)).size <= 1) return parts
  return parts.map(({ scores, mask }) => ({ scores: Float64Array.from(scores), mask }))
}

/** The scores that the mask leaves. */
function candidatesOf({ scores, mask }: Candidates): ScoreArray {
  if (mask === undefined) return scores
  const count = countKept(mask)
  // One more: each score is written, and the next one over it unless it counts.
  const left = scores instanceof Float64Array ? new Float64Array(count + 1) : new Float32Array(count + 1)
  for (let i = 0, next = 0; i < scores.length; i++) {
    left[next] = scores[i]!
    next += mask[i]!
  }
  return left.subarray(0, count)
}

/**
 * Counts the scores by their first 16 bits, which order them but for what shares a bin, and sorts the bin that holds the k-th
 * largest: two passes over the scores in place of a sort of millions.
 */
function kthLargest(parts: readonly ScoreArray[], k: number): number {
  const counts = new Uint32Array(2 ** 16)
  for (const scores of parts) {
    const { halves, start, step } = firstBits(scores)
    for (let i = start; i < halves.length; i += step) counts[halves[i]!]!++
  }
  checkNumbers(parts, counts)

  let above = 0
  let bin = LARGEST
  for (; above + counts[bin]! < k; bin = nextBelow(bin)) above += counts[bin]!
  const members = parts[0] instanceof Float64Array ? new Float64Array(counts[bin]!) : new Float32Array(counts[bin]!)
  let next = 0
  for (const scores of parts) {
    const { halves, start, step } = firstBits(scores)
    for (let i = 0, at = start; i < scores.length; i++, at += step) {
      if (halves[at] === bin) members[next++] = scores[i]!
    }
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
function checkNumbers(parts: readonly ScoreArray[], counts: Uint32Array): void {
  const infinity = parts[0] instanceof Float64Array ? 0x7ff0 : 0x7f80
  const suspect = (sign: number): boolean => counts.subarray(sign + infinity, sign + SIGN).some((count) => count > 0)
  if (!suspect(0) && !suspect(SIGN)) return
  const total = parts.reduce((sum, { length }) => sum + length, 0)
  let before = 0
  for (const scores of parts) {
    const nan = scores.findIndex(Number.isNaN)
    if (nan >= 0) {
      throw new UserError(
        `Score ${before + nan} of ${total} is NaN, so weights cannot be ranked; the network has diverged, lower the learning rate.`,
      )
    }
    before += scores.length
  }
}
