/** The chance of agreement against all pairs of beginnings, counted. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chanceOfAgreement } from './agreement.js'

/** Cells in which both or neither hold, if each holds from its beginning on. */
function agreement(cells: number, first: number, second: number): number {
  return Array.from({ length: cells }, (_, at) => at >= first === at >= second).filter(Boolean).length
}

describe('agreement by chance', () => {
  it('is as frequent as all pairs of beginnings inside the grid say', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7 }), fc.integer({ min: 0, max: 7 }), (cells, agreeing) => {
        const begins = Array.from({ length: cells - 1 }, (_, i) => i + 1)
        const all = begins.flatMap((first) => begins.map((second) => agreement(cells, first, second)))
        const asMany = all.filter((count) => count >= agreeing)
        expect(chanceOfAgreement([{ cells, agreeing }])).toBeCloseTo(asMany.length / all.length, 12)
      }),
    )
  })

  it('of three seeds that agree in all of four cells is one in 27, of five with one cell off one in 32', () => {
    const whole = { cells: 4, agreeing: 4 }
    expect(chanceOfAgreement([whole, whole, whole])).toBeCloseTo(1 / 27, 12)
    const off = { cells: 4, agreeing: 3 }
    // One cell off: 4 of the 9 pairs, in any of the five.
    expect(chanceOfAgreement([whole, whole, whole, whole, off])).toBeCloseTo(
      (1 / 3) ** 5 + 5 * (1 / 3) ** 4 * (4 / 9),
      12,
    )
  })
})
