/** Questions that claims ask of results: one number a seed, paired over arms. */
import { mean } from '../statistics/estimate.js'
import type { Results, Row } from './types.js'

/** One number for each seed. */
export type PerSeed = ReadonlyMap<number, number>

/** The levels an arm was run at, densest first. */
export function levelsOf({ rows }: Results, arm: string): { level: number; density: number }[] {
  const levels = new Map<number, number>()
  for (const row of rows) if (row.arm === arm) levels.set(row.level, row.density)
  return [...levels].map(([level, density]) => ({ level, density })).sort((a, b) => b.density - a.density)
}

/** The level of an arm whose density is nearest (as a ratio) to the one wanted, if it is within a tenth of it. */
export function levelNear(results: Results, arm: string, density: number): number | undefined {
  const distance = (other: number) => Math.abs(Math.log(other / density))
  const [nearest] = levelsOf(results, arm).sort((a, b) => distance(a.density) - distance(b.density))
  return nearest && distance(nearest.density) < Math.log(1.1) ? nearest.level : undefined
}

/** Rows of an arm at some levels. */
export const rowsOf = ({ rows }: Results, arm: string, levels?: readonly number[]): Row[] =>
  rows.filter((row) => row.arm === arm && (levels === undefined || levels.includes(row.level)))

/**
 * A metric's mean over the given levels, for each seed that has all of them.
 *
 * @param of applied to each value before averaging: Math.log, where ratios matter
 */
export function perSeed(
  results: Results,
  arm: string,
  metric: string,
  levels: readonly number[],
  of: (value: number) => number = (value) => value,
): PerSeed {
  const values = new Map<number, number[]>()
  for (const row of rowsOf(results, arm, levels)) {
    const value = row.metrics[metric]
    if (value === undefined) throw new Error(`The ${arm} run of seed ${row.seed} has no metric '${metric}'.`)
    values.set(row.seed, [...(values.get(row.seed) ?? []), of(value)])
  }
  const complete = [...values].filter(([, list]) => list.length === levels.length)
  return new Map(complete.map(([seed, list]) => [seed, mean(list)]))
}

/** Combines two arms seed by seed; seeds that only one has are left out, for a pair needs both. */
export function paired(a: PerSeed, b: PerSeed, combine: (a: number, b: number) => number): number[] {
  return [...a.keys()]
    .filter((seed) => b.has(seed))
    .sort((x, y) => x - y)
    .map((seed) => combine(a.get(seed)!, b.get(seed)!))
}

export const difference = (a: number, b: number) => a - b
/** Ratios are averaged as logarithms, so that twice as fast and half as fast cancel. */
export const logRatio = (a: number, b: number) => Math.log(a / b)
