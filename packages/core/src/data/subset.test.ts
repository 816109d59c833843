/** Draws are functions of the stream, balanced, parts of larger draws, and refuse the impossible. */
import { expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { stream } from '../random/index.js'
import { drawOfEachClass } from './index.js'

const labels = Uint8Array.from({ length: 200 }, (_, i) => (i * i) % 3)
const candidates = Int32Array.from({ length: 150 }, (_, i) => i + 20)
const draws = (name = 'subset') => stream(1, name)

test('of each class: as many of each, parts of larger draws', () => {
  const groups = { labels: labels.map((label) => (label === 0 ? 0 : 1)), classes: 2 }
  const drawn = drawOfEachClass(draws(), candidates, groups, 20)
  for (const label of [0, 1]) expect(drawn.filter((example) => groups.labels[example] === label)).toHaveLength(20)
  expect([...drawn].every((example) => candidates.includes(example))).toBe(true)
  expect([...drawn]).toEqual([...drawn].sort((a, b) => a - b))
  expect(drawOfEachClass(draws(), candidates, groups, 20)).toEqual(drawn)
  expect(drawOfEachClass(draws('other'), candidates, groups, 20)).not.toEqual(drawn)
  const fewer = drawOfEachClass(draws(), candidates, groups, 7)
  expect([...fewer].every((example) => drawn.includes(example))).toBe(true)
  expect(candidates[0]).toBe(20)
})

test('too many are refused with what there is', () => {
  // No square leaves 2 when divided by 3.
  const groups = { labels, classes: 3 }
  expect(() => drawOfEachClass(draws(), candidates, groups, 10)).toThrow(UserError)
  expect(() => drawOfEachClass(draws(), candidates, groups, 10)).toThrow(
    '10 examples of each class cannot be drawn: class 2 has 0',
  )
  expect(() => drawOfEachClass(draws(), candidates, groups, 1.5)).toThrow('ask for a whole number')
})
