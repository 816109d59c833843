/** RW-1 to RW-3 of claims.md 1.e as predicates over the rows of the rewinding experiment; accuracies at the end of training. */
import {
  above,
  below,
  type Claim,
  difference,
  equivalent,
  estimateOf,
  levelNear,
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
import { atScale, equalWithin, refuting } from './measures.js'
import { bestForOthers } from './networks.js'
import { reinitArm, rewindArm } from './rewind.js'

const experiment = 'imp-rewind'
const METRIC = 'testAccuracyAtEnd'
/** The density that claims.md names. */
const DENSITY = 0.1678
/** How far from equal still counts as equal, in points (RW-1, RW-3). */
const MARGIN = 0.5
/** The plateau begins no later than at so many percent of training (RW-2). */
const EARLY = 7

interface Point {
  /** In percent of training. */
  readonly at: number
  /** Of the tickets rewound to it, and of fresh weights under the same mask. */
  readonly accuracy: PerSeed
  readonly reinit: PerSeed
  /** Of the rewound tickets on validation examples, which points are chosen by. */
  readonly validation: PerSeed
}

interface Measured {
  readonly dense: PerSeed
  /** Rewound to initialisation. */
  readonly zero: Point
  /** The later points, ascending. */
  readonly later: readonly Point[]
}

/** Accuracies at the density of the claims, or nothing if an arm is not there. */
function measured(results: Results): Measured | undefined {
  const level = levelNear(results, rewindArm(0), DENSITY)
  if (level === undefined || levelsOf(results, 'dense').length === 0) return undefined
  const arms = new Set(results.rows.map(({ arm }) => arm))
  const found = [...arms].flatMap((arm) => /^rewind (.+)%$/.exec(arm)?.[1] ?? []).map(Number)
  const of = (arm: string, metric = METRIC) => perSeed(results, arm, metric, [level])
  const [zero, ...later] = found
    .sort((a, b) => a - b)
    .map((at) => ({
      at,
      accuracy: of(rewindArm(at)),
      reinit: of(reinitArm(at)),
      validation: of(rewindArm(at), 'validationAccuracyAtEnd'),
    }))
  if (zero === undefined || later.length === 0) return undefined
  return { dense: perSeed(results, 'dense', METRIC, [0]), zero, later }
}

const gain = (a: PerSeed, b: PerSeed): PerSeed => pair(a, b, (one, other) => 100 * difference(one, other))

/** The check of a claim whose parts need all arms of a network. */
const checked =
  (part: (measured: Measured, results: Results) => NetworkPart | undefined): Claim['check'] =>
  (results) => {
    const of = (network: Results) => {
      const arms = measured(network)
      const found = arms && part(arms, network)
      return found && found.effect.size > 0 ? found : undefined
    }
    return overNetworks(results, of, 'dense network, rewound and reinitialised tickets at 16.8%')
  }

// Spreads between seeds are those of the small profile with 3 seeds, of the difference that spreads most
// (results/imp-rewind/small).

const rw1: Claim = {
  id: 'RW-1',
  title: 'On a deep network tickets reset to initialisation are no better than reinitialised ones, rewound ones are',
  paper: 'ResNet-50 at 20%: 72.24 (k = 0), 72.31 (reinit), 75.35 (k = 4 epochs)',
  unit: 'pp, reset to initialisation over reinit',
  spread: { deviation: 0.66, of: 'difference' },
  experiment,
  check: checked(({ zero, later }, results) => {
    const effect = gain(zero.accuracy, zero.reinit)
    const rewound = meanOf(later.map(({ accuracy, reinit }) => gain(accuracy, reinit)))
    if (effect.size === 0 || rewound.size === 0) return undefined
    const [wide, narrow, result] = [estimateOf(effect), estimateOf(effect, 0.9), estimateOf(rewound)]
    const more = estimateOf(pair(rewound, effect, difference))
    // "No better" alone is asked for where few seeds cannot show "equal".
    const paper = results.profile === 'paper'
    const noBetter = paper ? equivalent(wide, narrow, MARGIN) : refuting(results, below(wide, MARGIN))
    const verdicts = [noBetter, above(result, atScale(results, 1, 0)), above(more, 0)]
    const asked = paper ? equalWithin(MARGIN, narrow) : `more than ${MARGIN} pp would refute the claim`
    const detail = `reset to initialisation is ${points(wide)} over reinit (${asked}), rewound ${points(result)}, mean of ${later.length} rewind points, which is ${points(more)} more.`
    return { effect, verdicts, detail }
  }),
}

const rw2: Claim = {
  id: 'RW-2',
  title: 'Most of what rewinding gains is there by 7% of training',
  paper: 'ResNet-50 at 20%: 73.81 (epoch 2), 75.35 (4), 75.50 (6), 75.61 (8), 75.54 (10) of 90',
  unit: 'pp, gained after 7%',
  spread: { deviation: 0.6, of: 'difference' },
  experiment,
  check: checked(({ zero, later }, results) => {
    const early = later.filter(({ at }) => at <= EARLY).at(-1)
    const late = later.filter(({ at }) => at > EARLY)
    if (early === undefined || late.length === 0) return undefined
    const effect = gain(meanOf(late.map(({ accuracy }) => accuracy)), early.accuracy)
    const risen = gain(early.accuracy, zero.accuracy)
    if (effect.size === 0 || risen.size === 0) return undefined
    const [result, rise, more] = [effect, risen, pair(risen, effect, difference)].map((values) => estimateOf(values))
    const plateau = results.profile === 'paper'
    const verdicts = [above(rise!, 0), above(more!, 0), ...(plateau ? [below(result!, MARGIN)] : [])]
    const asked = plateau ? `less is asked for, and less than ${MARGIN} pp` : 'less is asked for'
    const detail = `from initialisation to ${early.at}% of training ${points(rise!)} are gained, after that ${points(result!)} (${asked}).`
    return { effect, verdicts, detail }
  }),
}

const rw3: Claim = {
  id: 'RW-3',
  title:
    'With rewinding, a rate of 0.1 without warm-up gives tickets as good as dense; resetting to initialisation gives worse ones',
  paper: 'ResNet-20 and VGG-19 match the dense network when rewound',
  unit: 'pp, rewound over dense',
  spread: { deviation: 0.83, of: 'difference' },
  experiment,
  check: checked(({ dense, zero, later }) => {
    const best = bestForOthers(later.map(({ accuracy, validation }) => ({ values: accuracy, guide: validation })))
    const effect = gain(best, dense)
    const over = gain(best, zero.accuracy)
    if (effect.size === 0 || over.size === 0) return undefined
    const [result, second] = [estimateOf(effect), estimateOf(over)]
    const reset = points(estimateOf(gain(zero.accuracy, dense)))
    const detail = `rewound to the point that is best for other seeds, the ticket is ${points(result)} from dense (no worse than -${MARGIN} pp is asked for) and ${points(second)} over the one reset to initialisation, which is ${reset} from dense.`
    return { effect, verdicts: [above(result, -MARGIN), above(second, 0)], detail }
  }),
}

export const rewindClaims: readonly Claim[] = [rw1, rw2, rw3]
