/**
 * Quantiles of Student's t distribution. What computes them comes in hundreds of small files, a quarter of a second to load, so it
 * is loaded when a first quantile is asked for: workers and most commands never ask.
 */
import { createRequire } from 'node:module'

type Quantile = (probability: number, freedom: number) => number

let quantile: Quantile | undefined

/** The t below which lies `probability` of the distribution with `freedom` degrees of freedom. */
export function tQuantile(probability: number, freedom: number): number {
  quantile ??= createRequire(import.meta.url)('@stdlib/stats-base-dists-t-quantile') as Quantile
  return quantile(probability, freedom)
}
