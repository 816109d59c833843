/** Queries over made-up (synthetic) rows: levels, means over them, and pairs by seed. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { difference, levelNear, levelsOf, logRatio, paired, perSeed } from './query.js'
import type { Results, Row } from './types.js'

const row = (arm: string, level: number, density: number, seed: number, value: number): Row => ({
  arm,
  level,
  density,
  seed,
  metrics: { value },
  stageId: `${arm}/${level}/${seed}`,
})
const resultsOf = (...rows: Row[]): Results => ({
  paper: 'made-up',
  title: 'synthetic',
  profile: 'smoke',
  dataset: { name: 'made-up', note: 'synthetic' },
  rows,
})

describe('levels', () => {
  const results = resultsOf(
    row('ticket', 2, 0.2107, 1, 1),
    row('ticket', 1, 0.5128, 1, 1),
    row('ticket', 2, 0.2107, 2, 1),
    row('dense', 0, 1, 1, 1),
  )

  it('of an arm come once each, densest first', () => {
    expect(levelsOf(results, 'ticket')).toEqual([
      { level: 1, density: 0.5128 },
      { level: 2, density: 0.2107 },
    ])
  })

  it('are found by a density within a tenth, and not beyond', () => {
    expect(levelNear(results, 'ticket', 0.2)).toBe(2)
    expect(levelNear(results, 'ticket', 0.3)).toBeUndefined()
    expect(levelNear(results, 'reinit', 0.2)).toBeUndefined()
  })
})

describe('numbers per seed', () => {
  const results = resultsOf(
    row('ticket', 1, 0.5, 1, 2),
    row('ticket', 2, 0.2, 1, 8),
    row('ticket', 1, 0.5, 2, 3),
    row('dense', 0, 1, 1, 4),
    row('dense', 0, 1, 3, 5),
  )

  it('are means over levels, of the seeds that have them all', () => {
    expect([...perSeed(results, 'ticket', 'value', [1, 2])]).toEqual([[1, 5]])
    // The geometric mean of 2 and 8 is 4.
    expect(Math.exp(perSeed(results, 'ticket', 'value', [1, 2], Math.log).get(1)!)).toBeCloseTo(4, 12)
  })

  it('pair by seed, and a seed that one arm lacks is left out', () => {
    const ticket = perSeed(results, 'ticket', 'value', [1])
    expect(paired(ticket, perSeed(results, 'dense', 'value', [0]), difference)).toEqual([-2])
    expect(paired(ticket, perSeed(results, 'reinit', 'value', [1]), difference)).toEqual([])
  })

  it('name the metric that a run lacks', () => {
    expect(() => perSeed(results, 'dense', 'loss', [0])).toThrow("The dense run of seed 1 has no metric 'loss'.")
  })

  it('are the same whatever the order of the rows, and ratios of swapped arms cancel', () => {
    const values = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })), {
      minLength: 1,
    })
    fc.assert(
      fc.property(values, (pairs) => {
        const rows = pairs.flatMap(([a, b], seed) => [row('a', 1, 0.5, seed, a), row('b', 1, 0.5, seed, b)])
        const compare = (of: Row[], first: string, second: string) => {
          const [x, y] = [first, second].map((arm) => perSeed(resultsOf(...of), arm, 'value', [1]))
          return paired(x!, y!, logRatio)
        }
        const forward = compare(rows, 'a', 'b')
        expect(compare(rows.toReversed(), 'a', 'b')).toEqual(forward)
        for (const [i, ratio] of compare(rows, 'b', 'a').entries()) expect(ratio).toBeCloseTo(-forward[i]!, 12)
      }),
    )
  })
})
