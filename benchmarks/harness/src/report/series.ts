/** Results as curves: for each arm and level the mean over seeds with its interval. */

import { levelsOf, rowsOf } from '../claims/query.js'
import type { Results } from '../claims/types.js'
import { estimate } from '../statistics/estimate.js'

export interface Point {
  readonly arm: string
  readonly level: number
  /** Weights left, in percent. */
  readonly percent: number
  readonly mean: number
  /** Ends of the 95% interval; the mean itself below two seeds. */
  readonly low: number
  readonly high: number
  readonly seeds: number
}

/** The arms in the order of their first rows. */
export const armsOf = ({ rows }: Results): string[] => [...new Set(rows.map(({ arm }) => arm))]

/** One point per arm and level that measured the metric. */
export function series(results: Results, metric: string, arms = armsOf(results)): Point[] {
  return arms.flatMap((arm) =>
    levelsOf(results, arm).flatMap(({ level, density }) => {
      const values = rowsOf(results, arm, [level]).flatMap((row) => row.metrics[metric] ?? [])
      if (values.length === 0) return []
      const { mean, low, high, seeds } = estimate(values)
      return [{ arm, level, percent: 100 * density, mean, low: low ?? mean, high: high ?? mean, seeds }]
    }),
  )
}
