/** LMC-1 to LMC-5 of claims.md 1.f as predicates over the rows of the connectivity experiment; barriers in test error. */
import {
  above,
  all,
  below,
  type Claim,
  difference,
  equivalent,
  estimateOf,
  type Finding,
  finding,
  levelsOf,
  meanOf,
  type NetworkPart,
  needs,
  networksOf,
  overNetworks,
  type PerSeed,
  pair,
  perSeed,
  type Results,
  spoken,
  points as spokenPoints,
  type Verdict,
} from '@winning-tickets/harness'
import { agreementOf } from './agreement.js'
import { barrierArm, runArm } from './lmc.js'
import { atScale, tolerance } from './measures.js'
import { barriers, decided, farApart, ladders, pointsOf, STABLE } from './stability.js'

const experiment = 'lmc'
/** Percent of errors near those of guessing among ten classes, 90. */
const CHANCE = 85
/** Stability comes no later than at so many percent of training (LMC-2). */
const EARLY = 10
const SHALLOW = 'lenet-300-100'

const accuracies = (results: Results, arm: string, level: number): PerSeed =>
  perSeed(results, arm, 'testAccuracyAtEnd', [level])

/** Of the networks that are unstable at initialisation; LeNet has nothing to show there. */
const deepOnly = (results: Results): Results => ({
  ...results,
  rows: results.rows.filter(({ arm }) => !arm.startsWith(SHALLOW)),
})

/** The check of a claim on deep networks. */
const onDeep =
  (
    part: (network: Results) => NetworkPart | undefined,
    wanted: string,
    transform?: (value: number) => number,
  ): Claim['check'] =>
  (results) => {
    const deep = deepOnly(results)
    if (deep.rows.length === 0) return needs(wanted)
    const nonEmpty = (network: Results) => {
      const found = part(network)
      return found && found.effect.size > 0 ? found : undefined
    }
    return overNetworks(deep, nonEmpty, wanted, transform)
  }

const lmc1: Claim = {
  id: 'LMC-1',
  title: 'LeNet on MNIST is stable at initialisation, deep networks are not',
  paper: 'LeNet: no barrier; ResNet-20 and VGG-16: error on the line rises to chance',
  unit: 'pp, barrier of the deep networks',
  experiment,
  check(results): Finding {
    const at0 = (network: Results) => barriers(network, barrierArm('dense', 0), 0)
    const networks = [...networksOf(results)].map(([name, network]) => ({ name, barrier: at0(network) }))
    const lenet = networks.find(({ name }) => name === SHALLOW)
    const deep = networks.filter(({ name }) => name !== SHALLOW)
    if (!lenet || deep.length === 0 || [lenet, ...deep].some(({ barrier }) => barrier.size === 0)) {
      return needs('copies of dense networks from initialisation')
    }
    const flat = estimateOf(lenet.barrier)
    const least = atScale(results, 20, STABLE)
    const verdicts = deep.map(({ barrier }) => above(estimateOf(barrier), least))
    const result = estimateOf(meanOf(deep.map(({ barrier }) => barrier)))
    const each = deep.map(({ name, barrier }) => `${name} ${spokenPoints(estimateOf(barrier))}`).join(', ')
    const detail = `Barriers of LeNet ${spokenPoints(flat)} (less than ${STABLE} pp is asked for), ${each} (more than ${least}).`
    return finding(all([below(flat, STABLE), ...verdicts]), result, detail)
  },
}

const lmc2: Claim = {
  id: 'LMC-2',
  title: 'Dense networks become stable within the first 10% of training',
  paper: 'ResNet-20 at 3% of training, VGG-16 at 1.5%',
  unit: `pp, barrier at ${EARLY}% of training`,
  experiment,
  check: onDeep((network) => {
    const points = pointsOf(network, 'dense').filter((percent) => percent <= EARLY)
    const last = points.at(-1)
    if (last === undefined || last === 0) return undefined
    const [first, effect] = [points[0]!, last].map((percent) => barriers(network, barrierArm('dense', percent), 0))
    const result = estimateOf(effect!)
    const each = points.map(
      (percent) => `${percent}%: ${spokenPoints(estimateOf(barriers(network, barrierArm('dense', percent), 0)))}`,
    )
    // A barrier that was never there has not been lost.
    const lost = estimateOf(pair(first!, effect!, difference))
    const verdicts = [below(result, STABLE), above(lost, 0)]
    return {
      effect: effect!,
      verdicts,
      detail: `barriers from ${each.join(', from ')} (less than ${STABLE} pp is asked for, and less than at first).`,
    }
  }, 'copies of the dense network from later than initialisation'),
}

const lmc3: Claim = {
  id: 'LMC-3',
  title: 'Tickets match the dense network where they are stable, and only there',
  paper: 'stability and matching coincide (ResNet-20 51.2-13.4%, VGG-16 6.9-1.5%)',
  unit: 'of cells agree',
  experiment,
  check(results): Finding {
    const networks = [...networksOf(deepOnly(results))].map(([name, rows]) => ({ name, part: agreementOf(rows) }))
    const parts = networks.flatMap(({ part }) => part ?? [])
    if (parts.length === 0 || parts.length < networks.length) return needs('copies of tickets')
    const { mean, low, high, seeds } = estimateOf(meanOf(parts.map(({ effect }) => effect)))
    const verdict = all(parts.flatMap(({ verdicts }) => verdicts))
    // Seeds that agree exactly have no interval, but may decide by how unlikely that is, or by what was measured in the cells.
    return {
      verdict,
      effect: mean,
      low,
      high,
      seeds,
      detail: networks.map(({ name, part }) => `${name}: ${part!.detail}`).join(' '),
    }
  },
}

const lmc4: Claim = {
  id: 'LMC-4',
  title: 'Random and reinitialised subnetworks are less stable and less accurate than tickets as sparse',
  paper: 'neither is stable nor matching at any rewind point',
  unit: 'pp, barrier over the ticket’s',
  experiment,
  check: onDeep((network) => {
    const points = pointsOf(network, 'random')
    const parts = (['random', 'reinit'] as const).map((control) => {
      const at = points.map((percent) => {
        const [level] = levelsOf(network, barrierArm(control, percent))
        if (level === undefined) return undefined
        const over = (a: PerSeed, b: PerSeed, scale: number) =>
          pair(a, b, (one, other) => scale * difference(one, other))
        const [own, ticket] = [control, 'ticket'].map((what) =>
          barriers(network, barrierArm(what, percent), level.level),
        )
        const ends = perSeed(network, barrierArm(control, percent), 'testErrorAtEnds', [level.level])
        return {
          own: own!,
          ticket: ticket!,
          worst: pair(ends, own!, (error, barrier) => 100 * error + barrier),
          barrier: over(own!, ticket!, 1),
          accuracy: over(
            accuracies(network, runArm('ticket', percent), level.level),
            accuracies(network, runArm(control, percent), level.level),
            100,
          ),
        }
      })
      if (at.length === 0 || at.includes(undefined)) return undefined
      const mean = (of: 'own' | 'ticket' | 'barrier' | 'accuracy') => meanOf(at.map((each) => each![of]))
      return {
        control,
        worst: at.map((each) => each!.worst),
        // At every point, the ticket too: a difference between barriers that count as none makes nothing less stable.
        stable: at.every((each) => [each!.own, each!.ticket].every((barrier) => estimateOf(barrier).mean < STABLE)),
        own: mean('own'),
        ticket: mean('ticket'),
        barrier: mean('barrier'),
        accuracy: mean('accuracy'),
      }
    })
    const found = parts.flatMap((each) => each ?? [])
    if (found.length < 2 || found.some(({ barrier, accuracy }) => barrier.size === 0 || accuracy.size === 0))
      return undefined
    const effect = meanOf(found.map(({ barrier }) => barrier))
    const verdicts = found.flatMap(({ worst, stable, barrier, accuracy }) => {
      // A line at chance cannot rise further: there a lower barrier only says that its ends are worse.
      const room = worst.every((line) => estimateOf(line).mean < CHANCE)
      const higher = above(estimateOf(barrier), 0)
      const open = stable || (higher === 'contradicted' && !room)
      return [open ? 'inconclusive' : higher, above(estimateOf(accuracy), 0)]
    })
    const each = found.map(
      ({ control, own, ticket, barrier, accuracy }) =>
        `the barrier of ${control} is ${spokenPoints(estimateOf(own))}, ${spokenPoints(estimateOf(barrier))} higher than the ticket's ${spokenPoints(estimateOf(ticket))}, and its accuracy ${spokenPoints(estimateOf(accuracy))} lower`,
    )
    return { effect, verdicts, detail: `${each.join('; ')}.` }
  }, 'random and reinitialised subnetworks with copies'),
}

/**
 * Where a falling curve first goes below a threshold, in steps of its grid: between two points by the line through them, 0 if
 * it begins below, one step after the last point if it never does.
 */
export function crossing(values: readonly number[], threshold: number): number {
  const first = values.findIndex((value) => value < threshold)
  if (first <= 0) return first === 0 ? 0 : values.length
  const [before, after] = [values[first - 1]!, values[first]!]
  return first - 1 + (before - threshold) / (before - after)
}

/** The crossing of each seed that has all points. */
function crossings(curve: readonly PerSeed[], threshold: number): PerSeed {
  const seeds = [...(curve[0]?.keys() ?? [])].filter((seed) => curve.every((point) => point.has(seed)))
  return new Map(
    seeds.map((seed) => [
      seed,
      crossing(
        curve.map((point) => point.get(seed)!),
        threshold,
      ),
    ]),
  )
}

const lmc5: Claim = {
  id: 'LMC-5',
  title: 'Tickets begin to match the dense network at the rewind point at which they become stable',
  paper: 'ResNet-20 iteration 500, VGG-16 iteration 1,000 for both',
  unit: 'grid steps from stable to matching',
  experiment,
  check: onDeep((network) => {
    const points = pointsOf(network, 'ticket')
    const ladder = ladders(network).at(-1)
    if (ladder === undefined || points.length < 2) return undefined
    const stable = crossings(ladder.barriers, STABLE)
    const matching = crossings(ladder.gaps, tolerance(network))
    const seen = new Map(
      [...matching].flatMap(([seed, at]) =>
        stable.has(seed) ? [[seed, { matching: at, stable: stable.get(seed)! }] as const] : [],
      ),
    )
    if (seen.size === 0) return undefined
    // What is not seen on the grid comes after its last point, no one knows when.
    const last = points.length - 1
    const places = [...seen].map(([seed, { matching, stable }]) => ({
      seed,
      difference: Math.min(matching, last) - Math.min(stable, last),
      side: matching > last ? (stable > last ? 'unknown' : 'more') : stable > last ? 'less' : undefined,
      begins: matching > 0 || stable > 0,
    }))
    const differences = (of: typeof places): PerSeed => new Map(of.map(({ seed, difference }) => [seed, difference]))
    const effect = differences(places)
    const [wide, narrow] = [estimateOf(effect), estimateOf(effect, 0.9)]
    // Seeds that begin at the same steps have no interval of steps, but intervals of what was measured there.
    const agree = narrow.low === null
    const apart = agree && farApart(decided(ladder, network)) ? 'contradicted' : equivalent(wide, narrow, 1)
    // Seeds that have both from the first point on do not show where they begin.
    const beginning = differences(places.filter(({ begins }) => begins))
    const together = beginning.size > 0 && equivalent(estimateOf(beginning), estimateOf(beginning, 0.9), 1)
    const found = apart === 'supported' && together !== 'supported' ? 'inconclusive' : apart
    const sides = new Set(places.flatMap(({ side }) => side ?? []))
    // Bounds to one side may contradict there; they never support.
    const bounded = sides.size === 1 && sides.has(wide.mean > 0 ? 'more' : 'less') && found === 'contradicted'
    const verdict: Verdict = sides.size === 0 || bounded ? found : 'inconclusive'
    const at = (of: 'matching' | 'stable') =>
      spoken(estimateOf(new Map([...seen].map(([seed, place]) => [seed, Math.min(place[of], last)]))))
    const detail = `of the points ${points.map((percent) => `${percent}%`).join(', ')} (steps 0 to ${last}; what is never seen counts as ${last}) tickets become stable and matching at ${at('stable')} and ${at('matching')}; less than one step apart is asked for.`
    return { effect, verdicts: [verdict], detail }
  }, 'copies of tickets from several rewind points'),
}

export const connectivityClaims: readonly Claim[] = [lmc1, lmc2, lmc3, lmc4, lmc5]
