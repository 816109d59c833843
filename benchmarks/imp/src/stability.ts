/** What the claims on connectivity measure of a network: barriers, gaps to dense networks, and where tickets are stable and matching. */
import {
  below,
  difference,
  estimateOf,
  levelsOf,
  type PerSeed,
  pair,
  perSeed,
  type Results,
  type Verdict,
} from '@winning-tickets/harness'
import { barrierArm } from './lmc.js'
import { tolerance } from './measures.js'

/** A network is stable where its barrier is below so many points of error (claims.md 1.f). */
export const STABLE = 2

/** Barrier in points of test error, seed by seed. */
export const barriers = (results: Results, arm: string, level: number): PerSeed => {
  const fractions = perSeed(results, arm, 'testBarrier', [level])
  return new Map([...fractions].map(([seed, value]) => [seed, 100 * value]))
}

/** The points (in percent of training) at which something was copied, ascending. */
export function pointsOf({ rows }: Results, what: string): number[] {
  const found = rows.flatMap(({ arm }) =>
    arm.startsWith(`${what} barrier `) ? [Number.parseFloat(arm.slice(what.length + 9))] : [],
  )
  return [...new Set(found)].sort((a, b) => a - b)
}

/**
 * How far tickets are below dense networks, in points, seed by seed: both parted from the same iteration, with fresh momentum,
 * each the mean of its two copies.
 */
const gaps = (results: Results, percent: number, level: number): PerSeed => {
  const errors = (what: string, at: number) => perSeed(results, barrierArm(what, percent), 'testErrorAtEnds', [at])
  return pair(errors('ticket', level), errors('dense', 0), (ticket, dense) => 100 * difference(ticket, dense))
}

/** Of tickets of one level, by their rewind points ascending. */
export interface Ladder {
  readonly barriers: readonly PerSeed[]
  readonly gaps: readonly PerSeed[]
}

/** The ladders of all levels of which tickets are copied, those with every number for some seed. */
export function ladders(network: Results): Ladder[] {
  const points = pointsOf(network, 'ticket')
  const levels = points.length > 0 ? levelsOf(network, barrierArm('ticket', points[0]!)) : []
  return levels
    .map(({ level }) => ({
      barriers: points.map((percent) => barriers(network, barrierArm('ticket', percent), level)),
      gaps: points.map((percent) => gaps(network, percent, level)),
    }))
    .filter(({ barriers, gaps }) => [...barriers, ...gaps].every(({ size }) => size > 0))
}

/** Verdicts by rewind point. */
export interface Decided {
  readonly stable: readonly Verdict[]
  readonly matching: readonly Verdict[]
}

/** Whether tickets are stable, and matching, by all seeds together; inconclusive where an interval straddles. */
export const decided = ({ barriers, gaps }: Ladder, network: Results): Decided => ({
  stable: barriers.map((values) => below(estimateOf(values), STABLE)),
  matching: gaps.map((values) => below(estimateOf(values), tolerance(network))),
})

/** Whether one of the two is there by some point, and the other at no point up to the next: they begin more than a step apart. */
export function farApart({ stable, matching }: Decided): boolean {
  const before = (first: readonly Verdict[], second: readonly Verdict[]) =>
    first.some((verdict, i) => {
      const upToNext = second.slice(0, i + 2)
      return verdict === 'supported' && upToNext.length === i + 2 && upToNext.every((other) => other === 'contradicted')
    })
  return before(stable, matching) || before(matching, stable)
}
