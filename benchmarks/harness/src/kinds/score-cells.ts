/** Cells of scored masks: a row a density, and a row at density 1 for the scores themselves. */
import { seedsUpTo } from '../experiment/seeds.js'
import type { Cell } from '../experiment/types.js'
import { type ScoreConfigInput, scoreStage } from './score.js'

export interface ScoredArm extends Omit<Parameters<typeof scoreStage>[0], 'seed' | 'densities'> {
  readonly arm: string
  /** By level, from 1 on; level 0 is that of the scores. */
  readonly densities: ReadonlyMap<number, number>
  /** Whether the densities' masks take rounds of their own: each is then a stage. */
  readonly iterative?: boolean
}

/** All rows of an arm for one seed. */
export async function scoredCells(
  { arm, densities, iterative = false, ...config }: ScoredArm,
  seed: ScoreConfigInput['seed'],
): Promise<Cell[]> {
  const levels = [...densities]
  if (!iterative) {
    const stage = await scoreStage(
      { ...config, seed, densities: levels.map(([, density]) => density) },
      `${arm}, seed ${seed}`,
    )
    const rows = levels.map(([level, density], i) => ({ arm, level, density, seed, stage, part: String(i) }))
    return [{ arm, level: 0, density: 1, seed, stage, part: 'scores' }, ...rows]
  }
  return Promise.all(
    levels.map(async ([level, density]) => {
      const label = `${arm} ${(1 / density).toPrecision(3)}x, seed ${seed}`
      return {
        arm,
        level,
        density,
        seed,
        stage: await scoreStage({ ...config, seed, densities: [density] }, label),
        part: '0',
      }
    }),
  )
}

/** All rows of some arms, seed by seed from 1 on. */
export async function scoredGrid(arms: readonly ScoredArm[], seeds: number): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const seed of seedsUpTo(seeds)) {
    for (const arm of arms) cells.push(...(await scoredCells(arm, seed)))
  }
  return cells
}

/** Densities by level, from sparsities in percent. */
export const densitiesAt = (sparsities: readonly number[]): ReadonlyMap<number, number> =>
  new Map(sparsities.map((sparsity, i) => [i + 1, (100 - sparsity) / 100]))
