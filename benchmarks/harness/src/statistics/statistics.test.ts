/** Interval estimates against scipy (fixtures/make_statistics.py) and the rules of verdicts. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bootstrapInterval, detectableEffect, estimate, studentInterval } from './estimate.js'
import { holm, signTest, tTest } from './tests.js'
import { above, all, below, equivalent, finding, notNegative } from './verdict.js'

interface Fixture {
  student: { values: number[]; confidence: number; mean: number; low: number; high: number; detectable: number }[]
  bootstrap: { values: number[]; low: number; high: number }[]
  tost: { values: number[]; margin: number; p: number }[]
  tests: { values: number[]; expected: number; t: number; sign: number }[]
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

describe('seeds that agree exactly', () => {
  it('show no spread while they are few: two equal values of a coarse measure are no proof', () => {
    expect(estimate([-0.2, -0.2, -0.2])).toMatchObject({ low: null, high: null, detectable: null })
    expect(above(estimate([0.3, 0.1 + 0.2]), 0)).toBe('inconclusive')
    expect(equivalent(estimate([0, 0]), estimate([0, 0], 0.9), 1)).toBe('inconclusive')
    expect(finding('inconclusive', estimate([2, 2]), 'Twice.').detail).toMatch(/^Twice\. All 2 seeds agree exactly/)
    expect(finding('inconclusive', estimate([2]), 'Once.').detail).toBe('Once. One seed decides nothing.')
  })

  it('are evidence from five on', () => {
    const agreeing = estimate([-0.2, -0.2, -0.2, -0.2, -0.2, -0.2])
    expect(agreeing.high).toBeCloseTo(-0.2, 12)
    expect(below(agreeing, 0)).toBe('supported')
  })
})

describe('tests', () => {
  it.each(fixture.tests)("have scipy's p-values for %j", ({ values, expected, t, sign }) => {
    expect(tTest(values, expected) / t).toBeCloseTo(1, 6)
    expect(signTest(values)).toBeCloseTo(sign, 12)
  })

  it('of values that say nothing have p = 1', () => {
    expect(tTest([0.4])).toBe(1)
    expect(tTest([0.4, 0.4])).toBe(1)
    expect(tTest([-1, 1])).toBe(1)
    expect(signTest([])).toBe(1)
    expect(signTest([0, 0, 2])).toBe(1)
  })

  it("are corrected as by R's p.adjust(method = 'holm')", () => {
    const corrected = holm([0.01, 0.04, 0.03, 0.005])
    for (const [i, p] of [0.03, 0.06, 0.06, 0.02].entries()) expect(corrected[i]).toBeCloseTo(p, 12)
    expect(holm([0.6, 0.7])).toEqual([1, 1])
    expect(holm([])).toEqual([])
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

  it('of order: wholly below zero contradicts, however little; below the margin decides nothing', () => {
    const interval = (low: number | null, high: number | null) => ({ mean: 0, low, high, seeds: 5, detectable: 1 })
    expect(notNegative(interval(0.1, 0.2), 0.5)).toBe('supported')
    expect(notNegative(interval(-0.3, 0.2), 0.5)).toBe('supported')
    expect(notNegative(interval(-0.35, -0.31), 0.5)).toBe('contradicted')
    expect(notNegative(interval(-0.7, 0.2), 0.5)).toBe('inconclusive')
    expect(notNegative(interval(null, null), 0.5)).toBe('inconclusive')
  })

  it('shows what could be detected on the side of the effect', () => {
    const logs = [-0.5, -0.4, -0.6]
    const { detectable } = estimate(logs)
    expect(finding('supported', estimate(logs), 'Faster.', Math.exp).detectable).toBeCloseTo(Math.exp(-detectable!), 12)
    expect(finding('supported', estimate(logs), 'Less.').detectable).toBeCloseTo(detectable!, 12)
  })

  it('of several parts: any contradiction decides, and no part decides nothing', () => {
    expect(all(['supported', 'supported'])).toBe('supported')
    expect(all(['supported', 'inconclusive'])).toBe('inconclusive')
    expect(all(['inconclusive', 'contradicted', 'supported'])).toBe('contradicted')
    expect(all([])).toBe('inconclusive')
  })
})
