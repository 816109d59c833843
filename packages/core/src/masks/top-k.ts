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
  return topKOfAll([{ scores }], k)[0]!
}

/** Scores, of which those of flag 0 are no candidates. */
export interface Candidates {
  readonly scores: ScoreArray
  readonly mask?: Uint8Array
}

/**
 * Flags for the k largest candidates of all parts together, ties by part and index.
 *
 * Candidates are counted by the first 16 bits of their scores, which order them but for those that share a bin; what lies
 * above the bin of the k-th largest is flagged, and only this bin's members are ranked. No pass over all of them branches
 * on what masks and scores hold, which no processor could foresee.
 *
 * @throws UserError if a score is NaN, or if there are fewer than k candidates
 */
export function topKOfAll(given: readonly Candidates[], k: number): Uint8Array[] {
  const parts = alike(given).map(({ scores, mask }) => ({ scores, places: placesOf(scores.length, mask) }))
  const all = parts.reduce((sum, { scores }) => sum + scores.length, 0)
  const candidates = parts.reduce((sum, { places }) => sum + places.length, 0)
  if (!Number.isInteger(k) || k < 0 || k > all) {
    throw new RangeError(`top-K keeps between 0 and ${all} of ${all} scores, not ${k}.`)
  }
  if (k > candidates) {
    throw new UserError(
      `${k} of ${all} weights cannot be kept, since only ${candidates} are left; choose a lower density.`,
    )
  }
  const counts = countByBits(parts, 0)
  checkNumbers(parts, counts)
  const flags = parts.map(({ scores }) => new Uint8Array(scores.length))
  if (k === 0) return flags

  const bin = binOf(counts, k, LARGEST, nextBelow).bin
  const { larger, members } = flagAbove(parts, rangeOf(bin, counts, parts[0]!.scores), flags)
  const threshold = kthLargest(members, k - larger, bin)
  let ties = k - larger - count(members, (score) => score > threshold)
  for (const [part, { scores, places }] of members.entries()) {
    for (const place of places) {
      const score = scores[place]!
      if (score > threshold || (score === threshold && ties-- > 0)) flags[part]![place] = 1
    }
  }
  return flags
}

/** All in single precision, or all in double. */
function alike(parts: readonly Candidates[]): readonly Candidates[] {
  if (new Set(parts.map(({ scores }) => scores.BYTES_PER_ELEMENT)).size <= 1) return parts
  return parts.map(({ scores, mask }) => ({ scores: Float64Array.from(scores), mask }))
}

/** Some scores of a part, by their places in it. */
interface Part {
  readonly scores: ScoreArray
  readonly places: Uint32Array
}

/** Where the mask has ones. */
function placesOf(length: number, mask?: Uint8Array): Uint32Array {
  // One more: each place is written, and the next one over it unless it counts.
  const places = new Uint32Array(length + 1)
  let next = 0
  for (let i = 0; i < length; i++) {
    places[next] = i
    next += mask === undefined ? 1 : mask[i]!
  }
  return places.subarray(0, next)
}

function count(parts: readonly Part[], isCounted: (score: number) => boolean): number {
  let found = 0
  for (const { scores, places } of parts) for (const place of places) found += Number(isCounted(scores[place]!))
  return found
}

const BINS = 2 ** 16
const SIGN = BINS / 2
const LARGEST = SIGN - 1

/** The bits of the next smaller numbers: down to +0, then from -0 on to ever larger negative ones. */
function nextBelow(bin: number): number {
  if (bin < SIGN) return bin === 0 ? SIGN : bin - 1
  return bin + 1
}

/** The bin that holds the k-th of the counted, and its rank in there, from 1 on. */
function binOf(counts: Uint32Array, k: number, largest: number, below: (bin: number) => number) {
  let rank = k
  let bin = largest
  for (; rank > counts[bin]!; bin = below(bin)) rank -= counts[bin]!
  return { bin, rank }
}

/** How many scores have which first (0) or second (1) 16 bits. */
function countByBits(parts: readonly Part[], half: 0 | 1): Uint32Array {
  const counts = new Uint32Array(BINS)
  for (const { scores, places } of parts) {
    const { bits, start, step } = halves(scores, half)
    for (let i = 0; i < places.length; i++) counts[bits[start + step * places[i]!]!]!++
  }
  return counts
}

/** The first (sign, exponent, the fraction's beginning) or second 16 bits of each score: every `step`-th, from `start` on. */
function halves(scores: ScoreArray, half: 0 | 1): { bits: Uint16Array; start: number; step: number } {
  const bits = new Uint16Array(scores.buffer, scores.byteOffset, scores.byteLength / 2)
  const step = scores.BYTES_PER_ELEMENT / 2
  // Little-endian, as all machines that Node runs on but one.
  return { bits, start: step - 1 - half, step }
}

interface Range {
  readonly low: number
  readonly high: number
  readonly members: number
}

const isZero = (bin: number): boolean => bin === 0 || bin === SIGN

/** The smallest and the largest number of a bin, and how many scores are between: 0 and -0, which are equal, have two bins. */
function rangeOf(bin: number, counts: Uint32Array, { BYTES_PER_ELEMENT }: ScoreArray): Range {
  const view = new DataView(new ArrayBuffer(8))
  const ends = [0, BINS - 1].map((rest) => {
    view.setUint16(0, bin)
    for (let at = 2; at < 8; at += 2) view.setUint16(at, rest)
    const value = BYTES_PER_ELEMENT === 8 ? view.getFloat64(0) : view.getFloat32(0)
    // What lies beyond infinity is no number.
    return Number.isNaN(value) ? (bin < SIGN ? Infinity : -Infinity) : value
  })
  const members = isZero(bin) ? counts[0]! + counts[SIGN]! : counts[bin]!
  return { low: Math.min(...ends), high: Math.max(...ends), members }
}

/** Flags what is above a range; gives its number, and the members of the range. */
function flagAbove(parts: readonly Part[], { low, high, members: most }: Range, flags: readonly Uint8Array[]) {
  const found = parts.map(({ scores, places }, part) => {
    const own = flags[part]!
    const members = new Uint32Array(Math.min(most, places.length) + 1)
    let [larger, next] = [0, 0]
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!
      const score = scores[place]!
      const isAbove = Number(score > high)
      own[place] = isAbove
      larger += isAbove
      members[next] = place
      next += Number(score >= low) - isAbove
    }
    return { larger, members: { scores, places: members.subarray(0, next) } }
  })
  return {
    larger: found.reduce((sum, { larger }) => sum + larger, 0),
    members: found.map(({ members }) => members),
  }
}

/** The k-th largest of the members of a bin's range. */
function kthLargest(members: readonly Part[], k: number, bin: number): number {
  // Zeros of both signs are equal, so their range is of two bins.
  if (isZero(bin)) return ranked(members)[k - 1]!
  // Beyond -0 larger bits are smaller numbers.
  const [largest, step] = bin < SIGN ? [BINS - 1, -1] : [0, 1]
  const fine = binOf(countByBits(members, 1), k, largest!, (next) => next + step!)
  const few = members.map(({ scores, places }) => {
    const { bits, start, step } = halves(scores, 1)
    return { scores, places: places.filter((place) => bits[start + step * place] === fine.bin) }
  })
  return ranked(few)[fine.rank - 1]!
}

/** The largest first. */
function ranked(parts: readonly Part[]): Float64Array {
  const values = parts.flatMap(({ scores, places }) => Array.from(places, (place) => scores[place]!))
  return Float64Array.from(values).sort().reverse()
}

/** NaN has an exponent of ones, as infinity has; only where there are such is it looked for. */
function checkNumbers(parts: readonly Part[], counts: Uint32Array): void {
  const infinity = parts[0]?.scores instanceof Float64Array ? 0x7ff0 : 0x7f80
  const suspect = (sign: number): boolean => counts.subarray(sign + infinity, sign + SIGN).some((count) => count > 0)
  if (!suspect(0) && !suspect(SIGN)) return
  const total = parts.reduce((sum, { scores }) => sum + scores.length, 0)
  let before = 0
  for (const { scores, places } of parts) {
    const nan = places.find((place) => Number.isNaN(scores[place]))
    if (nan !== undefined) {
      throw new UserError(
        `Score ${before + nan} of ${total} is NaN, so weights cannot be ranked; the network has diverged, lower the learning rate.`,
      )
    }
    before += scores.length
  }
}
