/** How findings are told in sentences. */
import type { Estimate } from '../statistics/estimate.js'
import { nothing } from '../statistics/verdict.js'
import type { Finding } from './types.js'

interface Telling {
  /** From the estimate to what is shown: Math.exp for the logarithm of a ratio. */
  readonly of?: (value: number) => number
  readonly digits?: number
}

/** An estimate with its interval: "0.16 [-0.05, 0.38] pp". */
export function spoken(
  { mean, low, high }: Estimate,
  unit = '',
  { of = (value) => value, digits = 2 }: Telling = {},
): string {
  const shown = (value: number) => of(value).toFixed(digits)
  const interval = low === null || high === null ? '' : ` [${shown(low)}, ${shown(high)}]`
  return `${shown(mean)}${interval}${unit}`
}

/** Percentage points. */
export const points = (estimate: Estimate): string => spoken(estimate, ' pp')

/** What a claim says of results that lack what it is about. */
export const needs = (what: string): Finding => nothing(`The results have no ${what}; run the whole grid.`)
