/** From an estimate to a verdict: an interval that straddles the margin decides nothing. */
import type { Finding, Verdict } from '../claims/types.js'
import type { Estimate } from './estimate.js'

/** The effect is greater than the margin. */
export function above({ low, high }: Estimate, margin: number): Verdict {
  if (low === null || high === null) return 'inconclusive'
  return low > margin ? 'supported' : high < margin ? 'contradicted' : 'inconclusive'
}

/** The effect is less than the margin. */
export function below({ low, high }: Estimate, margin: number): Verdict {
  if (low === null || high === null) return 'inconclusive'
  return high < margin ? 'supported' : low > margin ? 'contradicted' : 'inconclusive'
}

/**
 * The effect is at least zero, to within a margin: what lies wholly below zero contradicts it however small it is, and
 * what reaches below the margin decides nothing.
 */
export function notNegative({ low, high }: Estimate, margin: number): Verdict {
  if (low === null || high === null) return 'inconclusive'
  if (high < 0) return 'contradicted'
  return low > -margin ? 'supported' : 'inconclusive'
}

/**
 * The effect is no further from zero than the margin: two one-sided tests at 5%, which is to say that the 90% interval
 * lies within the margin.
 * @param wide the 95% estimate
 * @param narrow the 90% estimate of the same values
 */
export function equivalent(wide: Estimate, narrow: Estimate, margin: number): Verdict {
  if (narrow.low === null || narrow.high === null || wide.low === null || wide.high === null) return 'inconclusive'
  if (narrow.low > -margin && narrow.high < margin) return 'supported'
  return wide.low > margin || wide.high < -margin ? 'contradicted' : 'inconclusive'
}

/** A claim of several parts holds if all hold, and falls with any one. */
export function all(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('contradicted')) return 'contradicted'
  return verdicts.length === 0 || verdicts.includes('inconclusive') ? 'inconclusive' : 'supported'
}

/**
 * A finding whose effect is one estimate, or a function of it (a ratio from its logarithm, say). What could be detected is
 * a size, or on the effect's side of the function's centre: a ratio below 1 for an effect below 1.
 */
export function finding(
  verdict: Verdict,
  { mean, low, high, seeds, detectable }: Estimate,
  detail: string,
  transform?: (value: number) => number,
): Finding {
  const shown = transform ?? ((value: number) => value)
  const apply = (value: number | null) => (value === null ? null : shown(value))
  return {
    verdict,
    effect: shown(mean),
    low: apply(low),
    high: apply(high),
    seeds,
    ...(detectable === null ? {} : { detectable: transform && mean < 0 ? transform(-detectable) : shown(detectable) }),
    detail: low === null && verdict === 'inconclusive' ? `${detail} ${tooFew(seeds)}` : detail,
  }
}

/** Why there is no interval. */
const tooFew = (seeds: number) =>
  seeds === 1
    ? 'One seed decides nothing.'
    : `All ${seeds} seeds agree exactly, so their spread is unknown and decides nothing.`

/** What can be said when the rows that a claim needs are not there. */
export const nothing = (detail: string): Finding => ({
  verdict: 'inconclusive',
  effect: null,
  low: null,
  high: null,
  seeds: 0,
  detail,
})
