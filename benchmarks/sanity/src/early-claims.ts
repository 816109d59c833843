/** EARLY-1 and EARLY-2 as predicates over the rows of the experiment on early learning. */
import {
  above,
  all,
  below,
  type Claim,
  difference,
  estimateOf,
  finding,
  needs,
  overNetworks,
  type PerSeed,
  pair,
  perSeed,
  points,
  type Results,
  spoken,
  type Verdict,
} from '@winning-tickets/harness'
import { firstArm, lastArm } from './early.js'

const experiment = 'early-learning'
/** A deficit of less than so many points has been recovered from. */
const RECOVERED = 1
/** The windows that are compared, in percent of the spoilable iterations. */
const HALF = 50

/** How far an arm ends below the clean run, in points of test accuracy. */
function deficit(results: Results, arm: string): PerSeed {
  const of = (name: string) => perSeed(results, name, 'testAccuracyAtEnd', [levelOf(results, name)])
  return pair(of(firstArm(0)), of(arm), (clean, spoilt) => 100 * difference(clean, spoilt))
}

const levelOf = ({ rows }: Results, arm: string): number => rows.find((row) => row.arm === arm)?.level ?? 0

// Spreads between seeds are those of the small profile with 3 seeds, of EARLY-1 of the deficit that spreads most
// (results/early-learning/small).

const early1: Claim = {
  id: 'EARLY-1',
  title: 'A network spoilt early does not recover, one spoilt late does',
  paper: 'Achille et al. 2019: deficits early in training leave lasting damage, late ones do not',
  unit: 'pp, deficit of the first half over the last',
  spread: { deviation: 1.2, of: 'difference' },
  experiment,
  check(results) {
    const rows = results.rows.filter(({ arm }) => !arm.startsWith('network '))
    if (rows.length === 0) return needs('run with spoilt data')
    const part = (spoilt: Results) => {
      const [early, late] = [deficit(spoilt, firstArm(HALF)), deficit(spoilt, lastArm(HALF))]
      const effect = pair(early, late, difference)
      if (effect.size === 0) return undefined
      const [lasting, gone] = [estimateOf(early), estimateOf(late)]
      const verdicts = [above(estimateOf(effect), 0), above(lasting, RECOVERED), below(gone, RECOVERED)]
      const shorter = [...new Set(spoilt.rows.flatMap(({ arm }) => /^first (\d+)%$/.exec(arm)?.[1] ?? []))]
        .map(Number)
        .filter((percent) => percent > 0 && percent !== HALF)
        .map((percent) => `, first ${percent}% ${points(estimateOf(deficit(spoilt, firstArm(percent))))}`)
      const detail = `after clean training the deficit of the first ${HALF}% is ${points(lasting)} (more than ${RECOVERED} is asked for), of the last ${HALF}% ${points(gone)} (less than ${RECOVERED})${shorter.join('')}.`
      return { effect, verdicts, detail }
    }
    return overNetworks({ ...results, rows }, part, 'clean run and runs spoilt in the first and the last half')
  },
}

interface Look {
  /** Percent of training. */
  readonly at: number
  readonly overlap: PerSeed
  readonly low: PerSeed
  readonly high: PerSeed
}

/** The looks at a run, from its start to its end. */
function looksOf(results: Results): Look[] {
  const found = results.rows.flatMap(({ arm, level }) => {
    const at = /^network at (.+)%$/.exec(arm)?.[1]
    return at === undefined ? [] : [{ arm, level, at: Number(at) }]
  })
  const distinct = new Map(found.map((look) => [look.at, look]))
  return [...distinct.values()]
    .sort((a, b) => a.at - b.at)
    .map(({ arm, level, at }) => {
      const of = (metric: string) => perSeed(results, arm, metric, [level])
      return { at, overlap: of('maskOverlap'), low: of('lowPassAccuracy'), high: of('highPassAccuracy') }
    })
}

/** Accuracy that rises by less than this has not risen. */
const NO_RISE = 0.02

/** Where a curve first comes to a value, on the scale of `at`, by lines between points; the last place if it never does. */
export function reached(at: readonly number[], values: readonly number[], value: number): number {
  const after = values.findIndex((each) => each >= value)
  if (after <= 0) return after === 0 ? at[0]! : at.at(-1)!
  const [before, beyond] = [values[after - 1]!, values[after]!]
  return at[after - 1]! + ((value - before) / (beyond - before)) * (at[after]! - at[after - 1]!)
}

interface Race {
  /** The accuracy that both are asked for. */
  readonly goal: number
  /** Where in training it is reached. */
  readonly low: number
  readonly high: number
}

/**
 * Of each seed that has all looks, where it comes to one accuracy on blurred images and on details: half way from the higher one
 * of the initial network to the lower one at the end. By a goal for each, half of its own gain, the curve that ends next to
 * where it began would always be first. Nothing, if in some seed there is next to nothing that both rise through.
 */
function races(looks: readonly Look[]): ReadonlyMap<number, Race> | undefined {
  const at = looks.map((look) => look.at)
  const seeds = [...looks[0]!.low.keys()].filter((seed) =>
    looks.every(({ low, high }) => low.has(seed) && high.has(seed)),
  )
  const found = seeds.flatMap((seed): [number, Race][] => {
    const low = looks.map((look) => look.low.get(seed)!)
    const high = looks.map((look) => look.high.get(seed)!)
    const start = Math.max(low[0]!, high[0]!)
    const end = Math.min(low.at(-1)!, high.at(-1)!)
    if (end - start < NO_RISE) return []
    const goal = (start + end) / 2
    return [[seed, { goal, low: reached(at, low, goal), high: reached(at, high, goal) }]]
  })
  return found.length > 0 && found.length === seeds.length ? new Map(found) : undefined
}

/** Whether blurred images come to the goal sooner than details. */
function shapesFirst(looks: readonly Look[]): { readonly verdict: Verdict; readonly detail: string } {
  const found = races(looks)
  if (found === undefined) {
    const detail = 'In some seed there is no accuracy that blurred test images and their details both rise through.'
    return { verdict: 'inconclusive', detail }
  }
  const [goal, low, high] = (['goal', 'low', 'high'] as const).map((of) => valuesOf(found, of))
  const lead = estimateOf(pair(high!, low!, difference))
  const at = (values: PerSeed) => spoken(estimateOf(values), '%')
  const accuracy = (values: PerSeed) => `${(100 * estimateOf(values).mean).toFixed(1)}%`
  const { low: lowEnd, high: highEnd } = looks.at(-1)!
  const detail = `Of blurred test images ${accuracy(goal!)} are right at ${at(low!)} of training, of their details as many at ${at(high!)}, ${spoken(lead, '%')} later (at the end ${accuracy(lowEnd)} and ${accuracy(highEnd)}).`
  return { verdict: above(lead, 0), detail }
}

const valuesOf = (found: ReadonlyMap<number, Race>, of: keyof Race): PerSeed =>
  new Map([...found].map(([seed, race]) => [seed, race[of]]))

const early2: Claim = {
  id: 'EARLY-2',
  title: 'Masks settle by a quarter of training, and shapes are learnt before details',
  paper: 'Frankle et al. 2020 (early phase), You et al. 2020: masks settle early; low frequencies come first',
  unit: '% of the way to the final mask, beyond half, at a quarter of training',
  spread: { deviation: 1.06, of: 'difference' },
  experiment,
  check(results) {
    const looks = looksOf(results)
    const [start, end] = [looks[0], looks.at(-1)]
    const quarter = looks.find(({ at }) => at === 25)
    if (!start || !end || !quarter || start.at !== 0 || end.at !== 100)
      return needs('looks at the start, a quarter and the end')
    // What the mask of the initial weights has in common with the final one, is there before training.
    const way = pair(start.overlap, quarter.overlap, (first, then) => (100 * (then - first)) / (1 - first) - 50)
    if (way.size === 0) return needs('seed with all looks')
    const result = estimateOf(way)
    const shapes = shapesFirst(looks)
    const shared = looks.map(({ at, overlap }) => `${at}%: ${(100 * estimateOf(overlap).mean).toFixed(1)}`).join(', ')
    const detail = `Percent of the final mask's weights that the mask has at ${shared}. ${shapes.detail}`
    return finding(all([above(result, 0), shapes.verdict]), result, detail)
  },
}

export const earlyClaims: readonly Claim[] = [early1, early2]
