/** LTH-7 to LTH-10 of claims.md 1.c as predicates over the rows of the experiments on convolutional networks. */
import {
  above,
  type Claim,
  difference,
  estimateOf,
  levelsOf,
  overNetworks,
  type PerSeed,
  pair,
  perSeed,
  points,
  type Results,
  spoken,
} from '@winning-tickets/harness'
import { ACCURACY, atScale, STOP, VALIDATION, within } from './measures.js'
import { bestForOthers, type Choice } from './networks.js'

const experiment = 'imp-conv'

const faster = (estimate: Parameters<typeof spoken>[0]) => spoken(estimate, ' times as fast', { of: Math.exp })

/** A metric of an arm, level by level. */
const byLevel = (results: Results, arm: string, metric: string): PerSeed[] =>
  levelsOf(results, arm).map(({ level }) => perSeed(results, arm, metric, [level]))

/** What tickets have over dense, level by level. */
const overDense = (results: Results, metric: string, combine: (ticket: number, dense: number) => number): PerSeed[] =>
  byLevel(results, 'ticket', metric).map((ticket) => pair(ticket, perSeed(results, 'dense', metric, [0]), combine))

/** Numbers of an arm's levels, with the validation accuracies by which a level is chosen. */
function guided(values: readonly PerSeed[], results: Results, arm: string): Choice[] {
  const guides = byLevel(results, arm, VALIDATION)
  return values.map((each, i) => ({ values: each, guide: guides[i]! }))
}

// Spreads between seeds are those of the small profile with 3 seeds, of the network where it is larger (results/imp-conv/small).

const lth7: Claim = {
  id: 'LTH-7',
  title: 'Tickets of convolutional networks learn faster than dense',
  paper: 'early-stop iteration up to 3.5x sooner (Conv-2, Conv-4), 2.5x (Conv-6)',
  unit: 'x as fast, at the best level',
  spread: { deviation: 0.35, of: 'ratio' },
  experiment,
  check(results) {
    const part = (network: Results) => {
      const effect = bestForOthers(
        overDense(network, STOP, (ticket, dense) => Math.log(dense / ticket)).map((values) => ({ values })),
      )
      if (effect.size === 0) return undefined
      const result = estimateOf(effect)
      const verdicts = [above(result, Math.log(atScale(network, 2, 1)))]
      return { effect, verdicts, detail: `the ticket is ${faster(result)} at the level that is best for other seeds.` }
    }
    return overNetworks(results, part, 'dense network and tickets', Math.exp)
  },
}

const lth8: Claim = {
  id: 'LTH-8',
  title: 'Tickets of convolutional networks are more accurate than dense',
  paper: '+3.4 pp (Conv-2 at 4.6%), +3.5 (Conv-4 at 11.1%), +3.3 (Conv-6 at 26.4%)',
  unit: 'pp, at the best level',
  spread: { deviation: 0.96, of: 'difference' },
  experiment,
  check(results) {
    const part = (network: Results) => {
      const gains = overDense(network, ACCURACY, (a, b) => 100 * difference(a, b))
      const effect = bestForOthers(guided(gains, network, 'ticket'))
      if (effect.size === 0) return undefined
      const result = estimateOf(effect)
      const verdicts = [above(result, atScale(network, 1.5, 0))]
      return {
        effect,
        verdicts,
        detail: `the ticket gains ${points(result)} at the level that is best for other seeds.`,
      }
    }
    return overNetworks(results, part, 'dense network and tickets')
  },
}

const lth9: Claim = {
  id: 'LTH-9',
  title: 'Reinitialised tickets of convolutional networks lose the gain (20% and less)',
  paper: 'reinit falls behind the ticket: Conv-2 and Conv-4 later, Conv-6 at once',
  unit: 'pp, ticket over reinit',
  spread: { deviation: 0.8, of: 'difference' },
  experiment,
  check(results) {
    const part = (network: Results) => {
      const levels = within(network, 'reinit', 0, 0.2)
      if (levels.length === 0) return undefined
      const [ticket, reinit] = ['ticket', 'reinit'].map((arm) => perSeed(network, arm, ACCURACY, levels))
      const effect = pair(ticket!, reinit!, (a, b) => 100 * difference(a, b))
      if (effect.size === 0) return undefined
      const result = estimateOf(effect)
      const detail = `the ticket is ${points(result)} over reinit, mean of ${levels.length} levels.`
      return { effect, verdicts: [above(result, 0)], detail }
    }
    return overNetworks(results, part, 'reinitialised ticket at 20% or less')
  },
}

const lth10: Claim = {
  id: 'LTH-10',
  title: 'Dropout and tickets combine: a ticket with dropout beats dropout alone and a ticket alone',
  paper: 'dropout adds 2.1, 3.0, 2.4 pp to dense (Conv-2, -4, -6), pruning up to 2.3, 4.6, 4.7 more',
  unit: 'pp, ticket with dropout over dropout, at the best level',
  experiment: 'imp-dropout',
  check(results) {
    const part = (network: Results) => {
      const best = (arm: string) => bestForOthers(guided(byLevel(network, arm, ACCURACY), network, arm))
      const both = best('dropout ticket')
      const gain = (other: PerSeed) => pair(both, other, (a, b) => 100 * difference(a, b))
      const effect = gain(perSeed(network, 'dropout dense', ACCURACY, [0]))
      const over = gain(best('ticket'))
      if (effect.size === 0 || over.size === 0) return undefined
      const [result, second] = [estimateOf(effect), estimateOf(over)]
      const detail = `the ticket with dropout is ${points(result)} over dropout alone and ${points(second)} over the ticket alone, each at the level that is best for other seeds.`
      return { effect, verdicts: [above(result, 0), above(second, 0)], detail }
    }
    return overNetworks(results, part, 'dense networks and tickets with and without dropout')
  },
}

export const convClaims: readonly Claim[] = [lth7, lth8, lth9, lth10]
