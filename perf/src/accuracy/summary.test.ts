/** Intervals against closed forms and scipy. */
import { expect, it } from 'vitest'
import { differenceInterval, meanInterval, summarise } from './summary.js'

it("Student's interval: 1, 2, 3 have s = 1 and t(0.975, 2) = 4.302653", () => {
  const { mean, low, high } = meanInterval([1, 2, 3])
  expect(mean).toBe(2)
  expect(high).toBeCloseTo(2 + 4.302653 / Math.sqrt(3), 6)
  expect(low).toBeCloseTo(2 - 4.302653 / Math.sqrt(3), 6)
})

it("Welch's interval: scipy.stats.ttest_ind(a, b, equal_var=False).confidence_interval()", () => {
  const { mean, low, high } = differenceInterval([0.801, 0.812, 0.806], [0.79, 0.81, 0.802, 0.815])
  expect(mean).toBeCloseTo(0.0020833333, 10)
  expect(low).toBeCloseTo(-0.0145864337, 8)
  expect(high).toBeCloseTo(0.0187531004, 8)
})

it('calls two sides equal if the interval of their difference holds zero, and does not judge without one', () => {
  expect(summarise([0.8, 0.81, 0.82], [0.81, 0.82, 0.83])).toMatchObject({ equal: true, seeds: { ours: 3, peer: 3 } })
  expect(summarise([0.8, 0.81, 0.82], [0.9, 0.91, 0.92])).toMatchObject({ equal: false })
  expect(summarise([0.8], [0.81])).toMatchObject({ equal: null, ours: { mean: 0.8, low: null, high: null } })
})
