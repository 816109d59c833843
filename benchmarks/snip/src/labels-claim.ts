/** The part of SNIP-7 that needs training (claims.md 5.e), with what Su et al. object beside it (8.2). */
import {
  above,
  type Claim,
  difference,
  type Estimate,
  estimate,
  finding,
  groupsOf,
  levelsOf,
  needs,
  type PerSeed,
  paired,
  perSeed,
  type Results,
  spoken,
} from '@winning-tickets/harness'
import { MASKS } from './labels.js'

const points = (fraction: Estimate): string => spoken(fraction, '', { of: (value) => 100 * value, digits: 1 })

/** A metric in percent at each of an arm's sparsities, sparsest last. */
const listed = (results: Results, arm: string, metric: string): string =>
  levelsOf(results, arm)
    .map(({ level }) => (100 * estimate([...perSeed(results, arm, metric, [level]).values()]).mean).toFixed(1))
    .join('/')

/** Mean over an arm's sparsities, seed by seed. */
const overLevels = (results: Results, arm: string, metric: string): PerSeed =>
  perSeed(
    results,
    arm,
    metric,
    levelsOf(results, arm).map(({ level }) => level),
  )

export const snip7b: Claim = {
  id: 'SNIP-7b',
  title: 'Trained on random labels, SNIP’s networks fit them less than the dense network does',
  paper: 'the pruned network does not memorise random labels, the dense one does',
  unit: 'pp of training accuracy on random labels, dense less SNIP',
  experiment: 'snip-labels',
  check(results) {
    const { random, true: clean } = Object.fromEntries(groupsOf(results))
    const missing = [random, clean].some((rows) =>
      ['dense', ...Object.keys(MASKS)].some((arm) => rows === undefined || levelsOf(rows, arm).length === 0),
    )
    if (random === undefined || clean === undefined || missing) {
      return needs('runs on random or on true labels')
    }
    const fit = (arm: string) => overLevels(random, arm, 'fitAccuracy')
    const test = (arm: string) => overLevels(clean, arm, 'testAccuracyAtEnd')
    const less = paired(fit('dense'), fit('snip'), (a, b) => 100 * (a - b))
    const sparsities = levelsOf(random, 'snip').map(({ density }) => `${(100 * (1 - density)).toFixed(0)}%`)
    const others = Object.keys(MASKS).filter((arm) => arm !== 'snip')
    const fits = ['snip', ...others].map((arm) => `${arm} ${listed(random, arm, 'fitAccuracy')}`)
    const change = (arm: string) => points(estimate(paired(test('snip'), test(arm), difference)))
    return finding(
      above(estimate(less), 0),
      estimate(less),
      `random labels fitted (%): dense ${listed(random, 'dense', 'fitAccuracy')}, at ${sparsities.join('/')} sparsity ${fits.join(', ')}. Su et al. object that the mask’s places do not matter: on true labels its test accuracy exceeds that of ${others.map((arm) => `${arm} masks by ${change(arm)} pp`).join(', of ')}.`,
    )
  },
}
