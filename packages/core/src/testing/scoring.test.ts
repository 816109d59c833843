/** What compares scores must see what is wrong with them. */
import { expect, test } from 'vitest'
import { scoreError, smallNets, twentyDensities } from './scoring.js'

const fixture = { largest: 4, scores: { a: [1, 0.5], b: [-0.25] } }
const scores = (a: number[], b: number[]) => ({ a: Float64Array.from(a), b: Float64Array.from(b) })

test('the error of scores is the largest difference, in units of the largest of the fixture or of ours', () => {
  expect(scoreError(scores([4, 2], [-1]), fixture)).toBe(0)
  expect(scoreError(scores([4, 2.4], [-1]), fixture)).toBeCloseTo(0.1, 12)
  expect(scoreError(scores([8, 4], [-2]), fixture)).toBe(1)
  expect(scoreError(scores([8, 4], [-2]), fixture, 8)).toBe(0)
})

test('other names, other sizes and what is no number are infinitely wrong', () => {
  expect(scoreError({ a: Float64Array.of(4, 2) }, fixture)).toBe(Number.POSITIVE_INFINITY)
  expect(scoreError(scores([4, 2, 0], [-1]), fixture)).toBe(Number.POSITIVE_INFINITY)
  expect(scoreError(scores([4, Number.NaN], [-1]), fixture)).toBe(Number.POSITIVE_INFINITY)
})

test('twenty densities fall from 0.9 to one weight a layer', () => {
  for (const network of smallNets) {
    const { densities, total } = twentyDensities(network)
    expect(densities.length).toBe(20)
    expect(densities[0]).toBe(0.9)
    expect(densities.every((density, i) => i === 0 || density < densities[i - 1]!)).toBe(true)
    const layers = network.parameters.filter(({ role }) => role === 'kernel').length
    expect(densities.at(-1)! * total).toBeCloseTo(layers, 9)
  }
})
