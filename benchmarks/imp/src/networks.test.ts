/** Claims over several networks: each is judged for itself, and the best choice does not flatter its own estimate. */
import type { Results, Row } from '@winning-tickets/harness'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestForOthers, estimateOf, meanOf, overNetworks, type Part, pair } from './networks.js'

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
  const parts = (conv2: Partial<Part>, conv4?: Partial<Part>) => (network: Results) => {
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

  it('at the choice that is best for the others: found where there is one, and by no seed for itself', () => {
    expect(bestForOthers([perSeed(0, 1, 0), perSeed(5, 6, 7), perSeed(1, 1, 1)])).toEqual(perSeed(5, 6, 7))
    // Each seed is lucky at a choice of its own; whichever the others choose, it is no luck.
    expect(bestForOthers([perSeed(9, 0, 0), perSeed(0, 9, 0), perSeed(0, 0, 9)])).toEqual(perSeed(0, 0, 0))
    expect(bestForOthers([perSeed(2), perSeed(3)])).toEqual(perSeed(3))
  })

  it('at the choice that is best for the others average to no more than the best mean', () => {
    const choices = fc.array(fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 4, maxLength: 4 }), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(choices, (lists) => {
        const maps = lists.map((list) => perSeed(...list))
        const best = Math.max(...maps.map((map) => estimateOf(map).mean))
        expect(estimateOf(bestForOthers(maps)).mean).toBeLessThanOrEqual(best + 1e-9)
      }),
    )
  })
})
