/** Results as curves: for each arm and level the mean over seeds with its interval. */
import { difference, levelsOf, paired, perSeed, rowsOf } from '../claims/query.js'
import type { Results } from '../claims/types.js'
import { type Estimate, estimate } from '../statistics/estimate.js'

/** The ends of the 95% interval are null where the spread is unknown. */
export interface Point extends Estimate {
  readonly arm: string
  readonly level: number
  /** Weights left, in percent. */
  readonly percent: number
}

/** The arms in the order of their first rows. */
export const armsOf = ({ rows }: Results): string[] => [...new Set(rows.map(({ arm }) => arm))]

/** The seeds, ascending. */
export const seedsOf = ({ rows }: Results): number[] => [...new Set(rows.map(({ seed }) => seed))].sort((a, b) => a - b)

/** One point per arm and level that measured the metric. */
export function series(results: Results, metric: string, arms = armsOf(results)): Point[] {
  return arms.flatMap((arm) =>
    levelsOf(results, arm).flatMap(({ level, density }) => {
      const values = rowsOf(results, arm, [level]).flatMap((row) => row.metrics[metric] ?? [])
      return values.length === 0 ? [] : [{ arm, level, percent: 100 * density, ...estimate(values) }]
    }),
  )
}

/**
 * The metric of one arm less that of others, paired by seed: a point per other arm and level of the one. The dense
 * network is compared with every level, other arms with their own.
 */
export function differences(results: Results, metric: string, one: string): Point[] {
  const measured = (arm: string, level: number) =>
    rowsOf(results, arm, [level]).every((row) => metric in row.metrics)
      ? perSeed(results, arm, metric, [level])
      : new Map<number, number>()
  return armsOf(results)
    .filter((arm) => arm !== one)
    .flatMap((arm) =>
      levelsOf(results, one).flatMap(({ level, density }) => {
        const values = paired(measured(one, level), measured(arm, arm === 'dense' ? 0 : level), difference)
        return values.length === 0 ? [] : [{ arm, level, percent: 100 * density, ...estimate(values) }]
      }),
    )
}
