/** Whether stability and matching, which both come with later rewinding, come together (claims.md 1.f, LMC-3). */
import {
  below,
  estimateOf,
  meanOf,
  type NetworkPart,
  type PerSeed,
  pair,
  type Results,
  type Verdict,
} from '@winning-tickets/harness'
import { atScale, tolerance } from './measures.js'
import { decided, ladders, STABLE } from './stability.js'

/** One seed's cells at one density, by their rewind points: how many there are, and in how many both properties or neither hold. */
export interface Cells {
  readonly cells: number
  readonly agreeing: number
}

/**
 * The probability that as many cells or more agree where the properties have nothing to do with each other but that both
 * come with later rewinding: each begins at a point of its own, any of those after the first alike. (Were any order of cells
 * as likely as any other, all that grows with the rewind point would seem to belong together.)
 */
export function chanceOfAgreement(ladders: readonly Cells[]): number {
  const observed = ladders.reduce((sum, { agreeing }) => sum + agreeing, 0)
  let distribution = new Map([[0, 1]])
  for (const { cells } of ladders) {
    const next = new Map<number, number>()
    for (const [sum, probability] of distribution) {
      for (let first = 1; first < cells; first++) {
        for (let second = 1; second < cells; second++) {
          const total = sum + cells - Math.abs(first - second)
          next.set(total, (next.get(total) ?? 0) + probability / (cells - 1) ** 2)
        }
      }
    }
    distribution = next
  }
  return [...distribution].reduce((tail, [sum, probability]) => tail + (sum >= observed ? probability : 0), 0)
}

/** Of each seed whether its value holds, 1 or 0. */
const flag = (values: PerSeed, holds: (value: number) => boolean): PerSeed =>
  new Map([...values].map(([seed, value]) => [seed, Number(holds(value))]))

/** LMC-3 on one network, whose cells are a rewind point and a level each. */
export function agreementOf(network: Results): NetworkPart | undefined {
  const levels = ladders(network).map((ladder) => ({
    decided: decided(ladder, network),
    cells: ladder.barriers.map((values, i) => ({
      stable: flag(values, (value) => value < STABLE),
      matching: flag(ladder.gaps[i]!, (value) => value <= tolerance(network)),
    })),
  }))
  const cells = levels.flatMap(({ cells }) => cells)
  const effect = meanOf(cells.map(({ stable, matching }) => pair(stable, matching, (a, b) => Number(a === b))))
  if (effect.size === 0) return undefined
  const seeds = [...effect.keys()]
  const count = (a: number, b: number) =>
    cells.reduce(
      (sum, { stable, matching }) =>
        sum + seeds.filter((seed) => stable.get(seed) === a && matching.get(seed) === b).length,
      0,
    )
  const [both, neither, onlyStable, onlyMatching] = [count(1, 1), count(0, 0), count(1, 0), count(0, 1)]

  // Where one of the two is there at all points or at none, a seed says nothing about whether they come together.
  const begins = (flags: readonly (number | undefined)[]) => new Set(flags).size > 1
  const informative = levels.flatMap(({ cells }) =>
    seeds.flatMap((seed): Cells[] => {
      const stable = cells.map((cell) => cell.stable.get(seed))
      const matching = cells.map((cell) => cell.matching.get(seed))
      if (!begins(stable) || !begins(matching)) return []
      return [{ cells: cells.length, agreeing: stable.filter((flag, i) => flag === matching[i]).length }]
    }),
  )
  const chance = chanceOfAgreement(informative)
  const result = estimateOf(effect)
  const least = atScale(network, 0.8, 0.5)
  // Even if all cells agreed that are not decided. Shares come in steps: where seeds have the same, they have no interval.
  const apart = levels.flatMap(({ decided: { stable, matching } }) =>
    stable.filter((verdict, i) => {
      const both = new Set([verdict, matching[i]])
      return both.size === 2 && !both.has('inconclusive')
    }),
  )
  const together = seeds.length > 1 && result.mean >= least && chance <= 0.05
  const few = below(result, least) === 'supported' || 1 - apart.length / cells.length < least
  const verdict: Verdict = together ? 'supported' : few ? 'contradicted' : 'inconclusive'
  const told =
    informative.length === 0
      ? 'in no seed are both there at some rewind points and not at others'
      : `as many agree in the ${informative.length} of ${levels.length * seeds.length} ladders in which both begin with a probability of ${chance < 0.001 ? 'less than 0.001' : chance.toFixed(3)}, where each comes with later rewinding for itself`
  const detail = `of ${cells.length * seeds.length} cells ${both} are stable and matching, ${neither} neither, ${onlyStable} stable only, ${onlyMatching} matching only (${told}).`
  return { effect, verdicts: [verdict], detail }
}
