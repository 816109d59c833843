/** Interval estimates of a mean over seeds: Student's t below ten seeds, the bootstrap from ten on (claims.md 13). */
import { stream } from '@winning-tickets/core'
import { tQuantile } from './t-quantile.js'

/**
 * A mean over seeds with its two-sided interval. The ends are null where the spread is unknown: below two seeds, and
 * where a few seeds agree exactly (iterations and densities come in steps, so that two or three seeds often do).
 */
export interface Estimate {
  readonly mean: number
  readonly low: number | null
  readonly high: number | null
  readonly seeds: number
  /** The smallest effect that a test at this level with 80% power would have found; null where the spread is unknown. */
  readonly detectable: number | null
}

const RESAMPLES = 10_000
const POWER = 0.8
/** From so many seeds on, exact agreement is evidence by itself: 2 * 0.5^6 < 5% by the two-sided sign test. */
const AGREEING_SEEDS = 6

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Standard deviation of a sample (n - 1 in the denominator). */
export function deviation(values: readonly number[]): number {
  const centre = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1))
}

/** The smallest effect that n paired seeds with this spread find with 80% power in a two-sided test. */
export function detectableEffect(spread: number, seeds: number, confidence = 0.95): number | null {
  if (seeds < 2) return null
  const freedom = seeds - 1
  const reach = tQuantile((1 + confidence) / 2, freedom) + tQuantile(POWER, freedom)
  return (reach * spread) / Math.sqrt(seeds)
}

/**
 * Estimates the mean of one number a seed.
 * @throws Error for a value that is not finite: a run that diverged must be reported, not averaged
 */
export function estimate(values: readonly number[], confidence = 0.95): Estimate {
  const bad = values.find((value) => !Number.isFinite(value))
  if (bad !== undefined) throw new Error(`A seed's value is ${bad}; only finite values can be averaged.`)
  const seeds = values.length
  if (seeds === 0) throw new Error('There are no seeds to average.')
  const centre = mean(values)
  if (seeds < 2 || (seeds < AGREEING_SEEDS && agree(values))) {
    return { mean: centre, low: null, high: null, seeds, detectable: null }
  }
  const spread = deviation(values)
  const detectable = detectableEffect(spread, seeds, confidence)
  const [low, high] = seeds < 10 ? studentInterval(values, confidence) : bootstrapInterval(values, confidence)
  return { mean: centre, low, high, seeds, detectable }
}

/** Equal but for rounding in the arithmetic that led to them. */
function agree(values: readonly number[]): boolean {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return most - least <= 1e-9 * Math.max(1e-3, Math.abs(least), Math.abs(most))
}

/** mean +- t * s / sqrt(n). */
export function studentInterval(values: readonly number[], confidence: number): [number, number] {
  const half = (tQuantile((1 + confidence) / 2, values.length - 1) * deviation(values)) / Math.sqrt(values.length)
  return [mean(values) - half, mean(values) + half]
}

/** Percentiles of the means of 10,000 resamples, drawn by a named stream: the same data give the same interval. */
export function bootstrapInterval(values: readonly number[], confidence: number): [number, number] {
  const { length } = values
  const random = stream(0, `bootstrap/${length}`)
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0
    for (let i = 0; i < length; i++) sum += values[random.below(length)]!
    return sum / length
  }).sort()
  const tail = (1 - confidence) / 2
  return [percentile(means, tail), percentile(means, 1 - tail)]
}

/** Linear interpolation between order statistics, as numpy's default. */
function percentile(sorted: Float64Array, fraction: number): number {
  const place = fraction * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!)
}
