/** SNIP-7 on made-up rows whose truth is known: the verdict follows the correlations that were put in. */
import type { Results, Row } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { snip7 } from './claims.js'

const SEEDS = [1, 2, 3, 4]
const DATASETS = ['mnist', 'fashion-mnist']

/** @param correlation of SNIP's masks, by data set and seed */
function resultsOf(correlation: (dataset: string, seed: number) => number): Results {
  const rows = DATASETS.flatMap((dataset) =>
    SEEDS.flatMap((seed) =>
      ['snip', 'shuffled', 'random'].map((arm): Row => {
        const inputCorrelation = arm === 'snip' ? correlation(dataset, seed) : 0.01 * seed
        return {
          arm: `${dataset} ${arm}`,
          level: 1,
          density: 0.05,
          seed,
          metrics: { inputCorrelation },
          stageId: `${dataset}/${arm}/${seed}`,
        }
      }),
    ),
  )
  return { paper: 'snip', title: 'synthetic', profile: 'small', dataset: { name: 'made-up', note: 'synthetic' }, rows }
}

describe('SNIP-7', () => {
  it('is supported where the kept inputs follow the images, with the mean over data sets as effect', () => {
    const found = snip7.check(resultsOf((dataset, seed) => (dataset === 'mnist' ? 0.9 : 0.7) + 0.01 * seed))
    expect(found).toMatchObject({ verdict: 'supported', seeds: 4 })
    expect(found.effect).toBeCloseTo(0.825, 12)
  })

  it('falls if one of the data sets shows nothing', () => {
    const found = snip7.check(resultsOf((dataset, seed) => (dataset === 'mnist' ? 0.9 : 0.1) + 0.01 * seed))
    expect(found.verdict).toBe('contradicted')
  })

  it('is undecided where seeds are on both sides of a half', () => {
    expect(snip7.check(resultsOf((_, seed) => (seed % 2 === 0 ? 0.3 : 0.8))).verdict).toBe('inconclusive')
  })

  it('asks for the whole grid where there are no masks of SNIP', () => {
    const { rows, ...rest } = resultsOf(() => 0.9)
    const found = snip7.check({ ...rest, rows: rows.filter(({ arm }) => !arm.endsWith('snip')) })
    expect(found.detail).toContain('run the whole grid')
  })
})
