/** The grids of a bench, and what they and their stages are called. */
import { join, resolve } from 'node:path'
import { topological } from '../execute/plan.js'
import { type Choice, reportFolder } from '../experiment/discover.js'
import type { Profile } from '../experiment/profile.js'
import { planSeeds, type SeedRange } from '../experiment/seeds.js'
import type { Cell, Settings } from '../experiment/types.js'
import type { Stage } from '../stage/types.js'

/** An experiment at a profile, with what it expands to. */
export interface Grid {
  readonly choice: Choice
  readonly settings: Settings
  /** How many seeds the cells have: fewer than settings plan where a range begins after 1. */
  readonly seeds: number
  readonly cells: readonly Cell[]
  /** Folder of the report. */
  readonly out: string
}

export interface GridOptions {
  readonly profile: Profile
  /** By default all that the profile has. */
  readonly seeds?: SeedRange
  /** Folder of the reports' folders. */
  readonly out?: string
}

/** The grids of some experiments, planned. */
export async function gridsOf(
  choices: readonly Choice[],
  { profile, seeds, out }: GridOptions,
): Promise<readonly Grid[]> {
  const grids: Grid[] = []
  for (const choice of choices) {
    const { experiment } = choice
    const folder = resolve(out ? join(out, experiment.name) : reportFolder(choice))
    grids.push({ choice, ...(await planSeeds(experiment, experiment.profiles[profile], seeds)), out: folder })
  }
  return grids
}

const stagesOf = ({ cells }: Grid) => topological(cells.map(({ stage }) => stage))

/** A stage's label; among several experiments with the name of the first that has the stage. */
export function labelsOf(grids: readonly Grid[]): (stage: Stage) => string {
  if (grids.length === 1) return ({ label }) => label
  const names = new Map(
    grids.toReversed().flatMap((grid) => stagesOf(grid).map(({ id }) => [id, grid.choice.experiment.name])),
  )
  return ({ id, label }) => `${names.get(id)}: ${label}`
}

/** What a bench is called: its experiments, or their number. */
export function titleOf(grids: readonly Grid[]): string {
  const names = grids.map(({ choice }) => choice.experiment.name).join(', ')
  return grids.length === 1 || names.length <= 24 ? names : `${grids.length} experiments`
}
