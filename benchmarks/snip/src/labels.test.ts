/** The grid on random and true labels, and SNIP-7b on made-up rows whose truth is known. */
import type { Cell, Results, Row } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { labels, labelsProfiles } from './labels.js'
import { snip7b } from './labels-claim.js'

describe('the grid', () => {
  const runs = (cells: readonly Cell[], arm: string) => cells.filter((cell) => cell.arm === arm)
  const planned = labels.plan({ ...labelsProfiles.small, seeds: 1 })

  it('trains the dense network and three kinds of masks, each on either labels from the same mask', async () => {
    const cells = await planned
    expect(cells.length).toBe(2 * (1 + 3 * 4))
    for (const name of ['snip', 'shuffled', 'corrupted']) {
      const [random, clean] = [runs(cells, `random ${name}`), runs(cells, `true ${name}`)]
      expect(clean.map(({ density }) => density)).toEqual([0.1, 0.05, 0.02, 0.01])
      for (const [i, { stage }] of random.entries()) {
        const run = stage.inputs.trained!
        expect(run.inputs.mask!.id).toBe(clean[i]!.stage.inputs.mask!.id)
        expect(run.config.data).toMatchObject({ spoil: { what: 'labels', from: 0, to: 5000 } })
        expect(stage.config.data).toEqual(run.config.data)
        expect(stage.config.seed).toBe(run.config.seed)
      }
    }
  })

  it('finds masks on true labels, but corrupted ones', async () => {
    const cells = await planned
    const mask = (arm: string) => runs(cells, arm)[0]!.stage.inputs.mask!.config
    const common = { method: 'snip', seed: 1, density: 0.1, options: { batchNorm: 'train', examples: { batch: 100 } } }
    expect(mask('true snip')).toMatchObject(common)
    expect(mask('true snip')).not.toHaveProperty('corrupted')
    expect(mask('true snip').data).not.toHaveProperty('spoil')
    expect(mask('true shuffled')).toMatchObject({ ...common, shuffled: 0 })
    expect(mask('true corrupted')).toMatchObject({ ...common, corrupted: 1 })
  })

  it('has the recipe of the paper in `paper`: 100,000 iterations in batches of 100, tenths every 25,000', () => {
    expect(labelsProfiles.paper.recipe).toMatchObject({
      optimizer: { momentum: 0.9, weightDecay: 5e-4 },
      learningRate: 0.1,
      iterations: 100_000,
      batchSize: 100,
      schedule: { at: [25_000, 50_000, 75_000] },
    })
  })
})

const SEEDS = [1, 2, 3]
interface Truth {
  /** Accuracy on random labels, and test accuracy on true ones. */
  fit(arm: string, level: number, seed: number): number
  test(arm: string, seed: number): number
}
const paper: Truth = {
  fit: (arm, level, seed) =>
    (arm === 'dense' ? 1 : { snip: 0.9, shuffled: 0.8, corrupted: 0.7 }[arm]! / level) - 0.001 * seed ** 2,
  test: (arm, seed) => (arm === 'shuffled' ? 0.8 : 0.9) + (arm === 'snip' ? 0.001 : -0.001) * seed,
}

function resultsOf({ fit, test }: Truth): Results {
  const arms = ['dense', 'snip', 'shuffled', 'corrupted']
  const rows = SEEDS.flatMap((seed) =>
    arms.flatMap((arm) =>
      (arm === 'dense' ? [0] : [1, 2]).flatMap((level): Row[] => {
        const common = { level, density: [1, 0.1, 0.05][level]!, seed, stageId: `${arm}/${level}/${seed}` }
        return [
          { ...common, arm: `random ${arm}`, metrics: { fitAccuracy: fit(arm, level, seed) } },
          { ...common, arm: `true ${arm}`, metrics: { testAccuracyAtEnd: test(arm, seed) } },
        ]
      }),
    ),
  )
  return { paper: 'snip', title: 'synthetic', profile: 'small', dataset: { name: 'made-up', note: 'synthetic' }, rows }
}

describe('SNIP-7b', () => {
  it('is supported where SNIP fits less than dense, in the mean over sparsities; the controls stand beside it', () => {
    const found = snip7b.check(
      resultsOf({ ...paper, fit: (...of) => paper.fit(...of) + (of[0] === 'snip' ? 0.01 * of[2] : 0) }),
    )
    expect(found).toMatchObject({ verdict: 'supported', seeds: 3 })
    // 100 - (90 + 45) / 2, less 1, 2 and 3.
    expect(found.effect).toBeCloseTo(30.5, 9)
    expect(found.detail).toContain('at 90%/95% sparsity snip 91.5/46.5, shuffled 79.5/39.5, corrupted 69.5/34.5')
    expect(found.detail).toMatch(
      /shuffled masks by 10\.4 \[9\.9, 10\.9\] pp, of corrupted masks by 0\.4 \[-0\.1, 0\.9\] pp/,
    )
  })

  it('falls where SNIP memorises more, and is undecided where seeds disagree', () => {
    const more: Truth = {
      ...paper,
      fit: (arm, level, seed) =>
        (arm === 'dense' ? 0.3 : paper.fit(arm, level, seed)) + 0.01 * seed * (arm === 'snip' ? 1 : 0),
    }
    expect(snip7b.check(resultsOf(more)).verdict).toBe('contradicted')
    const torn: Truth = { ...paper, fit: (arm, _, seed) => (arm === 'dense' ? 0.8 : seed === 2 ? 0.3 : 0.95) }
    expect(snip7b.check(resultsOf(torn)).verdict).toBe('inconclusive')
  })

  it('asks for the whole grid where an arm is missing on either labels', () => {
    const { rows, ...rest } = resultsOf(paper)
    for (const missing of ['random dense', 'true corrupted', 'random shuffled']) {
      const found = snip7b.check({ ...rest, rows: rows.filter(({ arm }) => arm !== missing) })
      expect(found.detail, missing).toContain('run the whole grid')
    }
  })
})
