/** What the claims of the paper measure: gains and slow-downs, paired by seed, and how they are told. */
import {
  difference,
  type Estimate,
  type Finding,
  finding,
  levelsOf,
  paired,
  perSeed,
  points,
  type Results,
  spoken,
  type Verdict,
} from '@winning-tickets/harness'

export const ACCURACY = 'testAccuracyAtEarlyStop'
/** What levels are chosen by. */
export const VALIDATION = 'validationAccuracyAtEarlyStop'
export const STOP = 'earlyStopIteration'

/** Below the paper's setting only signs and orderings are tested, never its absolutes (claims.md 13). */
export const atScale = (results: Results, paper: number, scaled: number) =>
  results.profile === 'paper' ? paper : scaled

/**
 * A part that cannot be shown below `paper` for want of seeds, such as that one arm is no better than another to within half
 * a point: there it counts only if it refutes the claim.
 */
export const refuting = (results: Results, verdict: Verdict): Verdict =>
  results.profile === 'paper' || verdict === 'contradicted' ? verdict : 'supported'

/** How much worse still counts as equal: 0.2 points in the paper's setting (LTH-2, LTH-15), 0.5 in a scaled one. */
export const tolerance = (results: Results) => atScale(results, 0.2, 0.5)

export const percent = (ratio: number) => `${(100 * ratio).toFixed(1)}%`

/** Levels of an arm with densities in a range, ends included. */
export const within = (results: Results, arm: string, low: number, high: number): number[] =>
  levelsOf(results, arm).flatMap(({ level, density }) => (density >= low && density <= high ? [level] : []))

/** Difference of accuracies in percentage points, paired by seed, each the mean over the levels. */
export function gain(
  results: Results,
  arm: string,
  levels: number[],
  other: string,
  otherLevels = levels,
  metric = ACCURACY,
) {
  return paired(
    perSeed(results, arm, metric, levels),
    perSeed(results, other, metric, otherLevels),
    (a, b) => 100 * difference(a, b),
  )
}

/** Logarithm of the ratio of early-stop iterations, paired by seed, each the mean of logarithms over the levels. */
export const slowdown = (results: Results, arm: string, levels: number[], other: string, otherLevels = levels) =>
  paired(
    perSeed(results, arm, STOP, levels, Math.log),
    perSeed(results, other, STOP, otherLevels, Math.log),
    difference,
  )

export const ratioFinding = (verdict: Finding['verdict'], result: Estimate, detail: string) =>
  finding(verdict, result, detail, Math.exp)

export const speed = (estimate: Estimate) => spoken(estimate, ' times the iterations', { of: Math.exp })

/** What is asked of two arms that should be equal, by the 90% interval of their difference. */
export const equalWithin = (margin: number, narrow: Estimate): string =>
  `its 90% interval, ${points(narrow)}, must lie within ${margin} pp`
