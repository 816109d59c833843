/** `tickets bench --dry-run`: the grid as a table, before anything runs. */
import Table from 'cli-table3'
import type { Claim } from '../claims/types.js'
import { planStages, topological } from '../execute/plan.js'
import { batchesOf } from '../experiment/results.js'
import type { Cell } from '../experiment/types.js'
import { detectableEffect } from '../statistics/estimate.js'
import type { Store } from '../store/types.js'
import { duration } from './duration.js'

/** One arm of a grid: its runs, and the stages it needs that no arm above it has. */
export interface ArmCost {
  readonly paper: string
  readonly arm: string
  readonly runs: number
  /** Stages that need no run. */
  readonly stored: number
  /** Stages to run. */
  readonly pending: number
  /** Seconds of those on one core of the reference machine. */
  readonly seconds: number
}

export interface Cost {
  readonly arms: readonly ArmCost[]
  /** Of the longest chain of stages that wait for each other: no number of workers is faster. */
  readonly chain: number
}

/** What some grids, which run as one set of stages, would cost with what the store has. */
export async function costOf(
  grids: readonly { readonly paper: string; readonly cells: readonly Cell[] }[],
  store: Store,
): Promise<Cost> {
  const plan = await planStages(
    grids.flatMap(({ cells }) => batchesOf(cells)),
    store,
  )
  const pending = new Set(plan.pending.map(({ id }) => id))
  const counted = new Set<string>()
  const armsOf = (cells: readonly Cell[]) => [...new Set(cells.map(({ arm }) => arm))]
  const armCost = (paper: string, arm: string, own: readonly Cell[]): ArmCost => {
    const stages = topological(own.map(({ stage }) => stage)).filter(({ id }) => !counted.has(id))
    for (const { id } of stages) counted.add(id)
    const missing = stages.filter(({ id }) => pending.has(id))
    const seconds = missing.reduce((sum, { cost }) => sum + cost.seconds, 0)
    return { paper, arm, runs: own.length, stored: stages.length - missing.length, pending: missing.length, seconds }
  }
  const arms = grids.flatMap(({ paper, cells }) =>
    armsOf(cells).map((arm) =>
      armCost(
        paper,
        arm,
        cells.filter((cell) => cell.arm === arm),
      ),
    ),
  )
  return { arms, chain: Math.max(0, ...plan.urgency.values()) }
}

/** What a claim could show with a number of seeds: the smallest effect found with 80% power, before anything runs. */
export interface Power {
  readonly id: string
  readonly title: string
  /** A difference in the unit, or the ratio nearest to 1; null where no earlier run showed a spread. */
  readonly detectable: number | null
  readonly unit: string
}

export function powerOf({ id, title, unit, spread }: Claim, seeds: number): Power {
  const effect = spread === undefined ? null : detectableEffect(spread.deviation, seeds)
  return { id, title, unit, detectable: effect === null || spread?.of === 'difference' ? effect : Math.exp(-effect) }
}

interface Shown {
  readonly power: readonly Power[]
  readonly profile: string
  readonly workers: number
  readonly json: boolean
}

/** Prints a cost, arm by arm and in total, and what the claims could detect. */
export function printCost({ arms, chain }: Cost, { power, profile, workers, json }: Shown): void {
  const total = arms.reduce((sum, { seconds }) => sum + seconds, 0)
  const wall = Math.max(chain, total / workers)
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ profile, arms, seconds: total, workers, wall, claims: power }, null, 1)}\n`,
    )
    return
  }
  const table = new Table({
    head: ['paper', 'arm', 'runs', 'stages stored', 'stages to run', 'on one core'],
    style: { head: [], border: [] },
  })
  for (const { paper, arm, runs, stored, pending, seconds } of arms) {
    table.push([paper, arm, runs, stored, pending, duration(seconds)])
  }
  const cost = `about ${duration(wall)} with ${workers} ${workers === 1 ? 'worker' : 'workers'}`
  process.stdout.write(
    `${table.toString()}\nProfile ${profile}: ${cost} (an estimate for a server of the 2020s); stages that arms share are counted once.\n`,
  )
  const claims = new Table({ head: ['claim', 'what it says', 'could detect'], style: { head: [], border: [] } })
  for (const { id, title, detectable, unit } of power) {
    claims.push([id, title, detectable === null ? '-' : `${detectable.toFixed(2)} ${unit}`])
  }
  process.stdout.write(`${claims.toString()}\nWith 80% power at the spread between seeds of earlier runs.\n`)
}
