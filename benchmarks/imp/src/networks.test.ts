/** The best choice does not flatter its own estimate. */
import { estimateOf } from '@winning-tickets/harness'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestForOthers } from './networks.js'

const perSeed = (...values: number[]) => new Map(values.map((value, i) => [i + 1, value]))

describe('numbers a seed', () => {
  it('at the choice that is best for the others: found where there is one, and by no seed for itself', () => {
    const best = (...choices: ReadonlyMap<number, number>[]) => bestForOthers(choices.map((values) => ({ values })))
    expect(best(perSeed(0, 1, 0), perSeed(5, 6, 7), perSeed(1, 1, 1))).toEqual(perSeed(5, 6, 7))
    // Each seed is lucky at a choice of its own; whichever the others choose, it is no luck.
    expect(best(perSeed(9, 0, 0), perSeed(0, 9, 0), perSeed(0, 0, 9))).toEqual(perSeed(0, 0, 0))
    expect(best(perSeed(2), perSeed(3))).toEqual(perSeed(3))
  })

  it('at the choice that is best by a guide, whatever the numbers themselves say', () => {
    const choices = [
      { values: perSeed(1, 2), guide: perSeed(6, 6) },
      { values: perSeed(8, 9), guide: perSeed(5, 5) },
    ]
    expect(bestForOthers(choices)).toEqual(perSeed(1, 2))
    expect(() => bestForOthers([{ values: perSeed(Number.NaN, 1) }])).toThrow(/only finite sums/)
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
        expect(estimateOf(bestForOthers(maps.map((values) => ({ values })))).mean).toBeLessThanOrEqual(best + 1e-9)
      }),
    )
  })
})
