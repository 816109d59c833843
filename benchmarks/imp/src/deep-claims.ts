/** LTH-11 to LTH-13 of claims.md 1.c as predicates over the rows of deep networks; accuracies at the end of training. */
import {
  above,
  below,
  type Claim,
  difference,
  equivalent,
  estimateOf,
  levelsOf,
  meanOf,
  type NetworkPart,
  overNetworks,
  type PerSeed,
  pair,
  perSeed,
  points,
  type Results,
} from '@winning-tickets/harness'
import { deepArm, RATES, type Rate } from './deep.js'
import { equalWithin, percent, refuting, tolerance } from './measures.js'

const METRIC = 'testAccuracyAtEnd'
/** "About 10%": ten rounds of 20%, or the level nearest to it, within these densities. */
const DENSITY = 0.8 ** 10
const NEAR = [0.05, 0.2] as const

/** Within so many points of each other is equal, in the paper's setting (claims.md 13). */
const EQUAL = 0.3

const gain = (a: PerSeed, b: PerSeed): PerSeed => pair(a, b, (one, other) => 100 * difference(one, other))

interface Gap {
  readonly density: number
  /** What the ticket has over fresh weights under its mask, and over the dense network, in points. */
  readonly overReinit: PerSeed
  readonly overDense: PerSeed
}

/** At one rate, at the level nearest to 10% that was reinitialised. */
function gapAt(network: Results, rate: Rate): Gap | undefined {
  const distance = (density: number) => Math.abs(Math.log(density / DENSITY))
  const [nearest] = levelsOf(network, deepArm(rate, 'reinit'))
    .filter(({ density }) => density >= NEAR[0] && density <= NEAR[1])
    .sort((a, b) => distance(a.density) - distance(b.density))
  if (nearest === undefined) return undefined
  const of = (arm: 'dense' | 'ticket' | 'reinit', level: number) =>
    perSeed(network, deepArm(rate, arm), METRIC, [level])
  const ticket = of('ticket', nearest.level)
  const overReinit = gain(ticket, of('reinit', nearest.level))
  const overDense = gain(ticket, of('dense', 0))
  return overReinit.size === 0 || overDense.size === 0 ? undefined : { density: nearest.density, overReinit, overDense }
}

/** LTH-11 and LTH-12: the ticket and fresh weights under its mask, at each rate. */
function atRates(network: Results): NetworkPart | undefined {
  const [high, low, warm] = RATES.map((rate) => gapAt(network, rate))
  if (!high || !low || !warm) return undefined
  const effect = meanOf([low.overReinit, warm.overReinit])
  if (effect.size === 0) return undefined
  const [none, narrow] = [estimateOf(high.overReinit), estimateOf(high.overReinit, 0.9)]
  const [atLow, atWarm] = [estimateOf(low.overReinit), estimateOf(warm.overReinit)]
  const more = estimateOf(pair(effect, high.overReinit, difference))
  const fromDense = [high, low, warm].map(({ overDense }) => points(estimateOf(overDense))).join(', ')
  const paper = network.profile === 'paper'
  const asked = paper ? ` (${equalWithin(EQUAL, narrow)})` : ''
  const detail = `at ${percent(low.density)} the ticket is ${points(none)} over reinit at 0.1${asked}, ${points(atLow)} at 0.01 and ${points(atWarm)} with warm-up, in the mean ${points(more)} more than at 0.1. From the dense network of the same rate it is ${fromDense}.`
  const each = [above(atLow, 0), above(atWarm, 0)].map((verdict) => refuting(network, verdict))
  const verdicts = [above(estimateOf(effect), 0), above(more, 0), ...each]
  if (paper) verdicts.push(equivalent(none, narrow, EQUAL))
  return { effect, verdicts, detail }
}

const rates = (claim: Pick<Claim, 'id' | 'title' | 'paper' | 'experiment'>): Claim => ({
  ...claim,
  unit: 'pp, ticket over reinit at 0.01 and with warm-up',
  check: (results) =>
    overNetworks(results, atRates, 'dense network, ticket and reinitialised ticket near 10% at each rate'),
})

const lth11 = rates({
  id: 'LTH-11',
  title: 'VGG: tickets reset to initialisation beat fresh weights at 0.01 and with warm-up, and by more than at 0.1',
  paper: 'VGG-19 at 0.01: within 1 pp of dense for 3.5% and more; at 0.1 with warm-up for 1.5% and more',
  experiment: 'imp-vgg',
})

const lth12 = rates({
  id: 'LTH-12',
  title: 'ResNet: tickets reset to initialisation beat fresh weights at 0.01 and with warm-up, and by more than at 0.1',
  paper: 'ResNet-20 at 0.1: none; at 0.01: 89.5% from 41.7 to 21.9%; at 0.03 with warm-up: for 11.8% and more',
  experiment: 'imp-resnet',
})

/**
 * The smallest density that matches: where the curve of accuracies over the dense network, drawn against the logarithm of
 * density, falls below what is tolerated after the sparsest level that is not below it. A curve that never falls so far has
 * its sparsest level.
 *
 * @param curve densities, descending from 1, and what each level has over the least accuracy that matches
 */
export function smallestMatching(curve: readonly { readonly density: number; readonly spare: number }[]): number {
  const last = curve.findLastIndex(({ spare }) => spare >= 0)
  const [above, below] = [curve[last]!, curve[last + 1]]
  if (below === undefined) return above.density
  return above.density * (below.density / above.density) ** (above.spare / (above.spare - below.spare))
}

/** Of each seed that has all levels of an arm. */
function limits(network: Results, arm: 'ticket' | 'layerwise'): PerSeed {
  const of = (name: 'dense' | typeof arm, level: number) => perSeed(network, deepArm('warm-up', name), METRIC, [level])
  const dense = of('dense', 0)
  const allowed = tolerance(network)
  const levels = levelsOf(network, deepArm('warm-up', arm)).map(({ level, density }) => ({
    density,
    spare: pair(of(arm, level), dense, (a, b) => 100 * (a - b) + allowed),
  }))
  const seeds = [...dense.keys()].filter((seed) => levels.length > 0 && levels.every(({ spare }) => spare.has(seed)))
  const curveOf = (seed: number) => levels.map(({ density, spare }) => ({ density, spare: spare.get(seed)! }))
  return new Map(seeds.map((seed) => [seed, smallestMatching([{ density: 1, spare: allowed }, ...curveOf(seed)])]))
}

const lth13: Claim = {
  id: 'LTH-13',
  title: 'VGG: global ranking finds smaller matching tickets than ranking layer by layer',
  paper: 'VGG-19 with warm-up: down to 1.5% of the weights, layer by layer to 6.9%',
  unit: 'x layer-wise density',
  experiment: 'imp-ranking',
  check(results) {
    const part = (network: Results): NetworkPart | undefined => {
      const [global, byLayer] = [limits(network, 'ticket'), limits(network, 'layerwise')]
      const effect = pair(global, byLayer, (a, b) => Math.log(a / b))
      if (effect.size === 0) return undefined
      const spare = estimateOf(gain(sparsest(network, 'ticket'), sparsest(network, 'layerwise')))
      // Of ratios, so the geometric mean.
      const shown = (values: PerSeed) =>
        percent(Math.exp(estimateOf(new Map([...values].map(([seed, value]) => [seed, Math.log(value)]))).mean))
      const detail = `within ${tolerance(network)} pp of dense are tickets down to ${shown(global)} of the weights by global ranking and ${shown(byLayer)} layer by layer; at the sparsest level global ranking is ${points(spare)} ahead.`
      return { effect, verdicts: [below(estimateOf(effect), 0)], detail }
    }
    return overNetworks(results, part, 'dense network and tickets of both rankings with warm-up', Math.exp)
  },
}

/** Accuracies at the sparsest level of an arm. */
function sparsest(network: Results, arm: 'ticket' | 'layerwise'): PerSeed {
  const name = deepArm('warm-up', arm)
  return perSeed(network, name, METRIC, [levelsOf(network, name).at(-1)!.level])
}

export const deepClaims: readonly Claim[] = [lth11, lth12, lth13]
