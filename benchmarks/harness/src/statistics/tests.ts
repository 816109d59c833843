/** Tests by p-value, for claims of many parts: Student's t, the sign test, and Holm's correction (claims.md 13). */
import { estimate } from './estimate.js'
import { tQuantile } from './t-quantile.js'

/**
 * Two-sided p-value of Student's t test that the mean over seeds is `expected`.
 *
 * @returns 1 where the spread is unknown (see {@link estimate}): nothing is shown
 */
export function tTest(values: readonly number[], expected = 0): number {
  const { mean, low, high, seeds } = estimate(values)
  if (low === null || high === null) return 1
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (seeds - 1)
  const distance = Math.abs(mean - expected)
  if (distance === 0) return 1
  return 2 * lowerTail(-distance / Math.sqrt(variance / seeds), seeds - 1)
}

/** P(T <= t) for t < 0: the quantile function inverted by halving the logarithm's range. */
function lowerTail(t: number, freedom: number): number {
  let [least, most] = [-300, Math.log10(0.5)]
  for (let i = 0; i < 60; i++) {
    const middle = (least + most) / 2
    if (tQuantile(10 ** middle, freedom) < t) least = middle
    else most = middle
  }
  return 10 ** most
}

/** Two-sided exact p-value that positive and negative values are equally likely; zeros are left out. */
export function signTest(values: readonly number[]): number {
  const positive = values.filter((value) => value > 0).length
  const trials = positive + values.filter((value) => value < 0).length
  const rarer = Math.min(positive, trials - positive)
  let [term, sum] = [0.5 ** trials, 0]
  for (let successes = 0; successes <= rarer; successes++) {
    sum += term
    term *= (trials - successes) / (successes + 1)
  }
  return Math.min(1, 2 * sum)
}

/** Holm's adjusted p-values, in the order given: each below 5% is shown, however many were tried. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!)
  const adjusted = new Array<number>(pValues.length).fill(1)
  let least = 0
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (pValues.length - rank) * pValues[index]!))
    adjusted[index] = least
  })
  return adjusted
}
