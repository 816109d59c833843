/** The one exact selector: which K of N scores are the largest (trap T2). */
import { UserError } from '../errors.js'

export type ScoreArray = Float32Array | Float64Array

/** K = round(density * N), halves up (claims.md 13). */
export function keptCount(density: number, total: number): number {
  checkDensity(density)
  return Math.round(density * total)
}

/** @throws UserError unless it is between 0 and 1 */
export function checkDensity(density: number): void {
  if (!(density >= 0 && density <= 1)) throw new UserError(`A density lies between 0 and 1, not ${density}.`)
}

/**
 * A 0/1 flag for each score: 1 for exactly the k largest. Of equal scores the one with the lower index is kept; 0 and
 * -0 are equal, and so are denormal numbers where the processor takes them for zeros, as it does in a thread that made an
 * `onnxruntime` engine.
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
 * above the bin of the k-th largest is flagged, and only this bin's members are ranked. So there are two passes over all
 * scores. Both take four at a time, whose flags are one word, and branch on nothing that masks and scores hold, which no
 * processor could foresee, but on whether one of four is a member, which is rare.
 *
 * @throws UserError if a score is NaN, or if there are fewer than k candidates
 */
export function topKOfAll(given: readonly Candidates[], k: number): Uint8Array[] {
  const parts = alike(given).map(inFours)
  const all = given.reduce((sum, { scores }) => sum + scores.length, 0)
  if (!Number.isInteger(k) || k < 0 || k > all) {
    throw new RangeError(`top-K keeps between 0 and ${all} of ${all} scores, not ${k}.`)
  }
  const counts = countFirstHalves(parts)
  let candidates = 0
  for (let bin = 0; bin < BINS; bin++) candidates += counts[bin]!
  if (k > candidates) {
    throw new UserError(
      `${k} of ${all} weights cannot be kept, since only ${candidates} are left; choose a lower density.`,
    )
  }
  checkNumbers(given, counts)
  const flags = parts.map(({ words }) => new Uint8Array(4 * words.length))
  if (k > 0) flagLargest(parts, k, counts, flags)
  return flags.map((own, i) => (own.length === given[i]!.scores.length ? own : own.slice(0, given[i]!.scores.length)))
}

function flagLargest(parts: readonly Fours[], k: number, counts: Uint32Array, flags: readonly Uint8Array[]): void {
  const { bin, rank } = binOf(counts, k, LARGEST, nextBelow)
  const range = rangeOf(bin, counts, parts)
  const members = parts.map((part, i) => flagAbove(part, range, new Int32Array(flags[i]!.buffer)))
  const threshold = kthLargest(members, rank, bin)
  let ties = rank - count(members, (score) => score > threshold)
  for (const [part, { scores, places }] of members.entries()) {
    for (const place of places) {
      const score = scores[place]!
      if (score > threshold || (score === threshold && ties-- > 0)) flags[part]![place] = 1
    }
  }
}

/** All in single precision, or all in double. */
function alike(parts: readonly Candidates[]): readonly Candidates[] {
  if (new Set(parts.map(({ scores }) => scores.BYTES_PER_ELEMENT)).size <= 1) return parts
  return parts.map(({ scores, mask }) => ({ scores: Float64Array.from(scores), mask }))
}

/** Scores by fours, and the four flags of each as the bytes of a word. */
interface Fours {
  readonly scores: ScoreArray
  readonly words: Int32Array
}

/** Copies only where that must be: scores whose number is no multiple of four get more that are no candidates. */
function inFours({ scores, mask = new Uint8Array(scores.length).fill(1) }: Candidates): Fours {
  const size = 4 * Math.ceil(scores.length / 4)
  if (size === scores.length && mask.byteOffset % 4 === 0) {
    return { scores, words: new Int32Array(mask.buffer, mask.byteOffset, size / 4) }
  }
  const [more, flags] = [new (scores.constructor as new (size: number) => ScoreArray)(size), new Uint8Array(size)]
  more.set(scores)
  flags.set(mask)
  return { scores: more, words: new Int32Array(flags.buffer) }
}

/** Some scores of a part, by their places in it. */
interface Part {
  readonly scores: ScoreArray
  readonly places: Uint32Array
}

function count(parts: readonly Part[], isCounted: (score: number) => boolean): number {
  let found = 0
  for (const { scores, places } of parts) for (const place of places) found += Number(isCounted(scores[place]!))
  return found
}

const BINS = 2 ** 16
const SIGN = BINS / 2
const LARGEST = SIGN - 1

/** How many bins of each sign hold zero and denormal numbers, whose exponent is 0. */
const tinyBins = (parts: readonly { readonly scores: ScoreArray }[]): number =>
  parts[0]?.scores.BYTES_PER_ELEMENT === 8 ? 2 ** 4 : 2 ** 7

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

/**
 * How many candidates have which first 16 bits; 0, -0 and denormal numbers, which may all be equal, count as one. Of many
 * scores there is a table for each of four neighbours: one that adds to the number its neighbour has just added to must wait
 * for it.
 */
function countFirstHalves(parts: readonly Fours[]): Uint32Array {
  const isMany = parts.some(({ scores }) => scores.length > BINS)
  const [second, third, fourth] = isMany ? [BINS, 2 * BINS, 3 * BINS] : [0, 0, 0]
  const tables = new Uint32Array(fourth! + BINS)
  for (const { scores, words } of parts) {
    const { bits, start, step } = halves(scores, 0)
    let at = start
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!
      tables[bits[at]!]! += word & 1
      tables[second! + bits[at + step]!]! += (word >> 8) & 1
      tables[third! + bits[at + 2 * step]!]! += (word >> 16) & 1
      tables[fourth! + bits[at + 3 * step]!]! += (word >> 24) & 1
      at += 4 * step
    }
  }
  const counts = tables.subarray(0, BINS)
  for (let table = BINS; table < tables.length; table += BINS) {
    for (let bin = 0; bin < BINS; bin++) counts[bin]! += tables[table + bin]!
  }
  let tiny = 0
  for (const sign of [0, SIGN]) {
    const bins = counts.subarray(sign, sign + tinyBins(parts))
    tiny += bins.reduce((sum, count) => sum + count, 0)
    bins.fill(0)
  }
  counts[0] = tiny
  return counts
}

/** How many scores have which second 16 bits. */
function countSecondHalves(parts: readonly Part[]): Uint32Array {
  const counts = new Uint32Array(BINS)
  for (const { scores, places } of parts) {
    const { bits, start, step } = halves(scores, 1)
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

/** The smallest and the largest number of a bin, and how many candidates are between. Bin 0 has all that are tiny. */
function rangeOf(bin: number, counts: Uint32Array, parts: readonly Fours[]): Range {
  const view = new DataView(new ArrayBuffer(8))
  const last = bin === 0 ? tinyBins(parts) - 1 : bin
  const ends = [
    { first: bin, rest: 0 },
    { first: last, rest: BINS - 1 },
  ].map(({ first, rest }) => {
    view.setUint16(0, first)
    for (let at = 2; at < 8; at += 2) view.setUint16(at, rest)
    const value = parts[0]!.scores.BYTES_PER_ELEMENT === 8 ? view.getFloat64(0) : view.getFloat32(0)
    // What lies beyond infinity is no number.
    return Number.isNaN(value) ? (bin < SIGN ? Infinity : -Infinity) : value
  })
  const high = Math.max(...ends)
  return { low: bin === 0 ? -high : Math.min(...ends), high, members: counts[bin]! }
}

/** Flags a part's candidates above a range; gives those in it. */
function flagAbove({ scores, words }: Fours, { low, high, members: most }: Range, flags: Int32Array): Part {
  // One more: each of four places is written, and the next one over it unless it is a member.
  const members = new Uint32Array(Math.min(most, scores.length) + 1)
  let next = 0
  for (let i = 0; i < words.length; i++) {
    const at = 4 * i
    const a = scores[at]!
    const b = scores[at + 1]!
    const c = scores[at + 2]!
    const d = scores[at + 3]!
    const above = Number(a > high) | (Number(b > high) << 8) | (Number(c > high) << 16) | (Number(d > high) << 24)
    const within = Number(a >= low) | (Number(b >= low) << 8) | (Number(c >= low) << 16) | (Number(d >= low) << 24)
    const word = words[i]!
    flags[i] = word & above
    const found = word & (within ^ above)
    if (found === 0) continue
    for (let j = 0; j < 4; j++) {
      members[next] = at + j
      next += (found >> (8 * j)) & 1
    }
  }
  return { scores, places: members.subarray(0, next) }
}

/** The k-th largest of the members of a bin's range. */
function kthLargest(members: readonly Part[], k: number, bin: number): number {
  // Numbers of both signs are there.
  if (bin === 0) return ranked(members)[k - 1]!
  // Beyond -0 larger bits are smaller numbers.
  const [largest, step] = bin < SIGN ? [BINS - 1, -1] : [0, 1]
  const fine = binOf(countSecondHalves(members), k, largest!, (next) => next + step!)
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
function checkNumbers(parts: readonly Candidates[], counts: Uint32Array): void {
  const infinity = parts.every(({ scores }) => scores instanceof Float32Array) ? 0x7f80 : 0x7ff0
  const suspect = (sign: number): boolean => counts.subarray(sign + infinity, sign + SIGN).some((count) => count > 0)
  if (!suspect(0) && !suspect(SIGN)) return
  const total = parts.reduce((sum, { scores }) => sum + scores.length, 0)
  let before = 0
  for (const { scores, mask } of parts) {
    const nan = scores.findIndex((score, place) => Number.isNaN(score) && mask?.[place] !== 0)
    if (nan >= 0) {
      throw new UserError(
        `Score ${before + nan} of ${total} is NaN, so weights cannot be ranked; the network has diverged, lower the learning rate.`,
      )
    }
    before += scores.length
  }
}
