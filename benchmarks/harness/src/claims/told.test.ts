/** Estimates as sentences tell them. */
import { expect, it } from 'vitest'
import { estimate } from '../statistics/estimate.js'
import { needs, points, spoken } from './told.js'

it('tells the mean, and the interval where there is one', () => {
  // Student's t of two values: 12.706 times half of their distance on each side; the last is 4 times 2 to the power of 12.706.
  expect(points(estimate([1, 1.2]))).toBe('1.10 [-0.17, 2.37] pp')
  expect(spoken(estimate([1.26]), '%', { digits: 1 })).toBe('1.3%')
  expect(spoken(estimate([Math.log(2), Math.log(8)]), ' times', { of: Math.exp, digits: 0 })).toBe('4 [0, 26731] times')
})

it('asks for the whole grid where something is missing', () => {
  expect(needs('dense network')).toMatchObject({ detail: 'The results have no dense network; run the whole grid.' })
})
