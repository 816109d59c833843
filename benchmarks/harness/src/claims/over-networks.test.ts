/** Claims over several networks: each is judged for itself, and numbers are paired by seed. */
import { describe, expect, it } from 'vitest'
import { meanOf, type NetworkPart, overNetworks, pair } from './over-networks.js'
import type { Results, Row } from './types.js'

const row = (arm: string, seed: number): Row => ({ arm, level: 0, density: 1, seed, metrics: {}, stageId: arm })
const results: Results = {
  paper: 'imp-conv',
  title: 'synthetic',
  profile: 'small',
  dataset: { name: 'made-up', note: 'synthetic' },
  rows: [row('conv-2 dense', 1), row('conv-2 noise 3 sigma', 1), row('conv-4 dense', 1)],
}
const perSeed = (...values: number[]) => new Map(values.map((value, i) => [i + 1, value]))

describe('results of several networks', () => {
  const parts = (conv2: Partial<NetworkPart>, conv4?: Partial<NetworkPart>) => (network: Results) => {
    const part = network.rows.length === 2 ? conv2 : conv4
    return part && { effect: perSeed(1, 2, 3), verdicts: ['supported' as const], detail: 'a.', ...part }
  }

  it('give the mean effect over networks, and fall with one network', () => {
    const both = overNetworks(results, parts({}, { effect: perSeed(3, 4, 8) }), 'rows')
    expect(both).toMatchObject({ verdict: 'supported', seeds: 3, detail: 'conv-2: a. conv-4: a.' })
    expect(both.effect).toBeCloseTo((2 + 3 + 5.5) / 3, 12)
    expect(overNetworks(results, parts({}, { verdicts: ['contradicted'] }), 'rows').verdict).toBe('contradicted')
    expect(overNetworks(results, parts({}, { verdicts: ['inconclusive'] }), 'rows').verdict).toBe('inconclusive')
  })

  it('decide nothing if a network is missing, or shares no seed', () => {
    const missing = { verdict: 'inconclusive', effect: null, detail: 'The results have no rows; run the whole grid.' }
    expect(overNetworks(results, parts({}), 'rows')).toMatchObject(missing)
    expect(overNetworks(results, parts({}, { effect: new Map([[9, 1]]) }), 'rows')).toMatchObject(missing)
  })
})

describe('numbers a seed', () => {
  it('are paired and averaged over the seeds that have all', () => {
    const other = new Map([
      [2, 10],
      [3, 20],
      [4, 30],
    ])
    expect(pair(perSeed(1, 2, 3), other, (a, b) => b - a)).toEqual(
      new Map([
        [2, 8],
        [3, 17],
      ]),
    )
    expect(meanOf([perSeed(1, 2), perSeed(3, 6)])).toEqual(perSeed(2, 4))
    expect(meanOf([])).toEqual(new Map())
  })
})
