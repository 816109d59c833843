/** GRASP-3 and GRASP-4 on made-up rows whose truth is known: verdicts follow the effects that were put in. */
import type { Results, Row } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { grasp3, grasp4 } from './claims.js'

const SEEDS = [1, 2, 3, 4]
const NETWORKS = ['vgg-19', 'resnet-32']
/** Sizes of two layers, and the sparse levels. */
const [WIDE, NARROW] = [1000, 100]
const LEVELS = [1, 0.05, 0.02]

interface Truth {
  /** |g|^2 over the dense network's at 5% and 2%. */
  norm(network: string, arm: string, seed: number): number
  /** Weights left in the narrow layer at 2%. */
  kept(network: string, arm: string, seed: number): number
}
const paper: Truth = {
  norm: (_, arm, seed) => ({ grasp: 2, snip: 1, random: 0.5 })[arm]! + 0.01 * seed,
  kept: (_, arm, seed) => ((arm === 'grasp' ? 5 : 1) + (seed % 2)) / 10,
}

function resultsOf({ norm, kept }: Truth): Results {
  const row = (arm: string, level: number, density: number, seed: number, metrics: Row['metrics']): Row => ({
    arm,
    level,
    density,
    seed,
    metrics,
    stageId: `${arm}/${level}/${seed}`,
  })
  const rows = NETWORKS.flatMap((network) =>
    ['grasp', 'snip', 'random'].flatMap((arm) =>
      SEEDS.flatMap((seed) => [
        row(`${network} ${arm}`, 0, 1, seed, { 'size/wide': WIDE, 'size/narrow': NARROW }),
        ...LEVELS.map((density, i) => {
          const gradient = density === 1 ? 10 : 10 * norm(network, arm, seed)
          return row(`${network} ${arm}`, i + 1, density, seed, {
            'gradientNorm@1': gradient,
            'gradientNorm@200': gradient,
            'kept/wide': density * WIDE,
            'kept/narrow': density === 0.02 ? kept(network, arm, seed) : density * NARROW,
          })
        }),
      ]),
    ),
  )
  return { paper: 'grasp', title: 'synthetic', profile: 'small', dataset: { name: 'made-up', note: 'synthetic' }, rows }
}

describe('GRASP-3', () => {
  it('is supported where GraSP keeps more of the gradient than SNIP and random pruning', () => {
    const found = grasp3.check(resultsOf({ ...paper, norm: (...of) => paper.norm(...of) * (1 + 0.001 * of[2]) }))
    expect(found).toMatchObject({ verdict: 'supported', seeds: 4 })
    expect(found.effect).toBeCloseTo(1, 1)
  })

  it.each(['snip', 'random'])('falls where %s keeps more on one network', (other) => {
    const better: Truth = {
      ...paper,
      norm: (network, arm, seed) =>
        network === 'resnet-32' && arm === other ? 3 + 0.02 * seed : paper.norm(network, arm, seed),
    }
    expect(grasp3.check(resultsOf(better)).verdict).toBe('contradicted')
  })

  it('needs the other methods', () => {
    const { rows, ...rest } = resultsOf(paper)
    const found = grasp3.check({ ...rest, rows: rows.filter(({ arm }) => !arm.endsWith('random')) })
    expect(found.detail).toContain('run the whole grid')
  })
})

describe('GRASP-4', () => {
  const uneven: Truth['kept'] = (network, arm, seed) =>
    paper.kept(network, arm, seed) + (arm === 'grasp' ? seed / 10 : 0)

  it('is supported where the thinnest layer of GraSP keeps more', () => {
    expect(grasp4.check(resultsOf({ ...paper, kept: uneven })).verdict).toBe('supported')
  })

  it('falls where that of SNIP does', () => {
    const swapped: Truth['kept'] = (network, arm, seed) => uneven(network, arm === 'grasp' ? 'snip' : 'grasp', seed)
    expect(grasp4.check(resultsOf({ ...paper, kept: swapped })).verdict).toBe('contradicted')
  })
})
