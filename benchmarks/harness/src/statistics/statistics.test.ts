/** Interval estimates against scipy (fixtures/make_statistics.py) and the rules of verdicts. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bootstrapInterval, detectableEffect, estimate, studentInterval } from './estimate.js'
import { above, all, below, equivalent } from './verdict.js'

interface Fixture {
  student: { values: number[]; confidence: number; mean: number; low: number; high: number; detectable: number }[]
  bootstrap: { values: number[]; low: number; high: number }[]
  tost: { values: number[]; margin: number; p: number }[]
}
const file = new URL('../../fixtures/statistics.json', import.meta.url)
const fixture = JSON.parse(readFileSync(file, 'utf8')) as Fixture

describe('estimates', () => {
  it.each(fixture.student)("equal scipy's t interval of %j", ({ values, confidence, mean, low, high, detectable }) => {
    const ours = estimate(values, confidence)
    expect(ours.mean).toBeCloseTo(mean, 10)
    expect(ours.low).toBeCloseTo(low, 6)
    expect(ours.high).toBeCloseTo(high, 6)
    expect(ours.detectable).toBeCloseTo(detectable, 6)
  })

  it.each(fixture.bootstrap)("lie within Monte Carlo error of scipy's bootstrap of %j", ({ values, low, high }) => {
    const ours = estimate(values)
    const tolerance = 0.05 * (high - low)
    expect(Math.abs(ours.low! - low)).toBeLessThan(tolerance)
    expect(Math.abs(ours.high! - high)).toBeLessThan(tolerance)
    expect(bootstrapInterval(values, 0.95)).toEqual([ours.low, ours.high])
  })

  it('move and scale with the data', () => {
    const values = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 9 })
    fc.assert(
      fc.property(values, fc.double({ min: -5, max: 5, noNaN: true }), (list, shift) => {
        const [low, high] = studentInterval(list, 0.95)
        const moved = studentInterval(
          list.map((value) => 2 * value + shift),
          0.95,
        )
        expect(moved[0]).toBeCloseTo(2 * low + shift, 6)
        expect(moved[1]).toBeCloseTo(2 * high + shift, 6)
      }),
    )
  })

  it('claim nothing from one seed, and refuse values that are not finite', () => {
    expect(estimate([0.7])).toEqual({ mean: 0.7, low: null, high: null, seeds: 1, detectable: null })
    expect(detectableEffect(1, 1)).toBeNull()
    expect(() => estimate([1, Number.NaN])).toThrow(/NaN/)
    expect(() => estimate([])).toThrow(/no seeds/)
  })
})

describe('verdicts', () => {
  it.each(fixture.tost)('of equivalence agree with two one-sided tests: %j', ({ values, margin, p }) => {
    const verdict = equivalent(estimate(values), estimate(values, 0.9), margin)
    expect(verdict === 'supported').toBe(p < 0.05)
  })

  it('need an interval on one side of the margin', () => {
    const interval = (low: number | null, high: number | null) => ({ mean: 0, low, high, seeds: 5, detectable: 1 })
    expect(above(interval(0.1, 0.5), 0)).toBe('supported')
    expect(above(interval(-0.5, -0.1), 0)).toBe('contradicted')
    expect(above(interval(-0.1, 0.5), 0)).toBe('inconclusive')
    expect(below(interval(0.1, 0.5), 0)).toBe('contradicted')
    expect(below(interval(null, null), 0)).toBe('inconclusive')
    expect(equivalent(interval(0.3, 0.9), interval(0.4, 0.8), 0.2)).toBe('contradicted')
  })

  it('of several parts: any contradiction decides, and no part decides nothing', () => {
    expect(all(['supported', 'supported'])).toBe('supported')
    expect(all(['supported', 'inconclusive'])).toBe('inconclusive')
    expect(all(['inconclusive', 'contradicted', 'supported'])).toBe('contradicted')
    expect(all([])).toBe('inconclusive')
  })
})
