/** Some of an experiment's seeds: each machine of several may run others. */
import type { Cell, Experiment, Settings } from './types.js'

/** Seeds, first and last. */
export interface SeedRange {
  readonly first: number
  readonly last: number
}

/** The seeds of settings: 1, 2 ... n. */
export const seedsUpTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

/** A range as `--seeds` takes it: "5" from 1 on, "3-5" otherwise. */
export const seedsText = ({ first, last }: SeedRange): string => (first === 1 ? `${last}` : `${first}-${last}`)

/** What an experiment expands to for some seeds, by default all that the profile has, and how many they are. */
export async function planSeeds<S extends Settings>(
  experiment: Experiment<S>,
  profile: S,
  range: SeedRange = { first: 1, last: profile.seeds },
): Promise<{ readonly settings: S; readonly cells: readonly Cell[]; readonly seeds: number }> {
  const settings = { ...profile, seeds: range.last }
  const cells = await experiment.plan(settings)
  return { settings, cells: cells.filter(({ seed }) => seed >= range.first), seeds: range.last - range.first + 1 }
}
