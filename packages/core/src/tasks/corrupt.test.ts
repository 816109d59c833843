/** Corrupted examples: nothing is left but grey levels, and the same streams give the same. */
import { expect, test } from 'vitest'
import { blobs, corruptExamples, stream, streams } from '../index.js'

const { shape, classes, splits } = blobs({ shape: [4, 4, 1], counts: { train: 200, validation: 1, test: 1 } })
const { images, labels, count } = splits.train
const corrupted = corruptExamples({ examples: splits.train, shape, classes }, streams(3))
const pixels = (of: Uint8Array, i: number) => [...of.subarray(16 * i, 16 * (i + 1))]

test('each image keeps its grey levels, in an order of its own', () => {
  expect(corrupted.count).toBe(count)
  for (let i = 0; i < count; i++) {
    expect(pixels(corrupted.images, i).sort()).toEqual(pixels(images, i).sort())
    expect(pixels(corrupted.images, i)).not.toEqual(pixels(images, i))
  }
  // Pixel by pixel the two images of a pair of one class are alike before and not after.
  const pairs = Array.from({ length: count }, (_, i) => [i, labels.indexOf(labels[i]!)] as const).filter(
    ([i, j]) => i !== j,
  )
  const distance = (of: Uint8Array) =>
    pairs.reduce(
      (sum, [i, j]) => sum + pixels(of, i).reduce((all, p, k) => all + Math.abs(p - pixels(of, j)[k]!), 0),
      0,
    )
  expect(distance(corrupted.images)).toBeGreaterThan(1.2 * distance(images))
})

test('labels are random ones of the named stream, and agree with the true ones by chance', () => {
  expect([...corrupted.labels]).toEqual([...stream(3, 'corrupt/labels').integers(count, classes)])
  const agree = [...labels].filter((label, i) => label === corrupted.labels[i]).length
  // A quarter of 200 by chance; the standard deviation is 6.1.
  expect(Math.abs(agree - count / 4)).toBeLessThan(25)
})

test('the given examples stay as they are, and another seed corrupts otherwise', () => {
  const again = blobs({ shape: [4, 4, 1], counts: { train: 200, validation: 1, test: 1 } }).splits.train
  expect(images).toEqual(again.images)
  expect(labels).toEqual(again.labels)
  const other = corruptExamples({ examples: splits.train, shape, classes }, streams(4))
  expect(other.images).not.toEqual(corrupted.images)
  expect(other.labels).not.toEqual(corrupted.labels)
})
