/** Means over seeds with 95% t intervals, and the difference of two sides. */
import tQuantile from '@stdlib/stats-base-dists-t-quantile'

export interface Interval {
  readonly mean: number
  /** Null where the spread is unknown: one seed, or seeds that agree exactly. */
  readonly low: number | null
  readonly high: number | null
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Squared standard error of the mean. */
function squaredError(values: readonly number[]): number {
  const centre = mean(values)
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1) / values.length
}

function around(centre: number, squared: number, freedom: number): Interval {
  if (!(squared > 0)) return { mean: centre, low: null, high: null }
  const half = tQuantile(0.975, freedom) * Math.sqrt(squared)
  return { mean: centre, low: centre - half, high: centre + half }
}

/** Student's interval of a mean. */
export function meanInterval(values: readonly number[]): Interval {
  return around(mean(values), squaredError(values), values.length - 1)
}

/** Welch's interval of mean(a) - mean(b): the seeds of the two sides draw different numbers, so nothing is paired. */
export function differenceInterval(a: readonly number[], b: readonly number[]): Interval {
  const [errorA, errorB] = [squaredError(a), squaredError(b)]
  const freedom = (errorA + errorB) ** 2 / (errorA ** 2 / (a.length - 1) + errorB ** 2 / (b.length - 1))
  return around(mean(a) - mean(b), errorA + errorB, freedom)
}

export interface Summary {
  readonly seeds: { readonly ours: number; readonly peer: number }
  /** Test accuracies, fractions. */
  readonly ours: Interval
  readonly peer: Interval
  readonly difference: Interval
  /** Whether the difference's interval holds zero; null where there is none. */
  readonly equal: boolean | null
}

export function summarise(ours: readonly number[], peer: readonly number[]): Summary {
  const difference = differenceInterval(ours, peer)
  const { low, high } = difference
  return {
    seeds: { ours: ours.length, peer: peer.length },
    ours: meanInterval(ours),
    peer: meanInterval(peer),
    difference,
    equal: low === null || high === null ? null : low <= 0 && high >= 0,
  }
}
