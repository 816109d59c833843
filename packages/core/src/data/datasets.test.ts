/** The registered data sets: the shipped extract always, MNIST and Fashion-MNIST where TICKETS_DATA_DIR has them. */
import { describe, expect, it } from 'vitest'
import { UserError } from '../errors.js'
import { datasetInfo, datasetNames, listDatasets, loadDataset, split, verifyDataset } from './index.js'

const counts = (labels: Uint8Array) => {
  const found = new Array<number>(10).fill(0)
  for (const label of labels) found[label]! += 1
  return found
}

describe('the shipped extract', () => {
  it('is there, balanced and checked', async () => {
    const dataset = await loadDataset('fashion-mnist-extract', { offline: true })
    expect(dataset.note).toContain('extract')
    expect(counts(dataset.train.labels)).toEqual(new Array(10).fill(600))
    expect(counts(dataset.test.labels)).toEqual(new Array(10).fill(100))
    expect(dataset.train.images).toHaveLength(6000 * 784)
    expect(await verifyDataset('fashion-mnist-extract')).toContain('fashion-mnist-extract')
  })
})

describe.runIf(process.env.TICKETS_DATA_DIR)('the full data sets', () => {
  it.each(['mnist', 'fashion-mnist'])('%s has 60,000 + 10,000 images with the canonical hashes', async (name) => {
    const { train, test, hash } = await loadDataset(name, { offline: true })
    expect([train.count, test.count]).toEqual([60_000, 10_000])
    expect(hash).toBe(datasetInfo(name).hash)
  })

  it('the extract is the first 600 and 100 of each class of Fashion-MNIST', async () => {
    const [full, extract] = await Promise.all(
      ['fashion-mnist', 'fashion-mnist-extract'].map((name) => loadDataset(name, { offline: true })),
    )
    const seen = new Array<number>(10).fill(0)
    const kept: number[] = []
    full!.train.labels.forEach((label, i) => {
      seen[label]! += 1
      if (seen[label]! <= 600) kept.push(i)
    })
    expect(Uint8Array.from(kept, (i) => full!.train.labels[i]!)).toEqual(extract!.train.labels)
    for (const at of [0, 17, 5999]) {
      const original = full!.train.images.subarray(kept[at]! * 784, (kept[at]! + 1) * 784)
      expect(extract!.train.images.subarray(at * 784, (at + 1) * 784)).toEqual(original)
    }
  })
})

describe('the registry', () => {
  it('keeps the hashes that evidence in stores carries', () => {
    expect(datasetInfo('mnist').hash).toBe('d0a3eec1f5a454401d758fdbf15b9b0163a7034963586d671960c180b97e2c1a')
    expect(datasetInfo('fashion-mnist').hash).toBe('5cf0562c46b89a77940b86f40a9a4325e7bed59d53ec555c4d14f0bed41ca53a')
    expect(datasetInfo('fashion-mnist-extract').hash).toBe(
      '4845f895790d6db7aac5b5207777e763b82c7b64286c2cea440835490c098c5a',
    )
  })

  it('knows every data set before it is loaded', () => {
    expect(datasetNames).toEqual([
      'mnist',
      'fashion-mnist',
      'fashion-mnist-extract',
      'fashion-mnist-rgb',
      'cifar-10',
      'cifar-10a',
      'cifar-10b',
      'cifar-100',
      'cifar10-jpeg',
      'cifar10-jpeg-a',
      'cifar10-jpeg-b',
      'svhn',
      'synthetic-32x32',
    ])
    expect(new Set(listDatasets().map(({ info }) => info.hash)).size).toBe(datasetNames.length)
    expect(() => datasetInfo('minst')).toThrow(UserError)
    expect(() => datasetInfo('minst')).toThrow('There is no data set "minst"; choose one of mnist')
  })
})

describe('split', () => {
  it("divides MNIST as in the paper: 55,000 + 5,000, disjoint, the same for every run's seed", () => {
    const { train, validation } = split(60_000, { validation: 5000 })
    expect([train.length, validation.length]).toEqual([55_000, 5000])
    expect(new Set([...train, ...validation]).size).toBe(60_000)
    expect(split(60_000, { validation: 5000 })).toEqual({ train, validation })
    expect(split(60_000, { validation: 5000, seed: 1 }).validation).not.toEqual(validation)
  })

  it('keeps the validation part when fewer are trained on, and refuses impossible sizes', () => {
    const all = split(100, { validation: 20 })
    const few = split(100, { validation: 20, train: 30 })
    expect(few.validation).toEqual(all.validation)
    expect([...few.train].every((index) => all.train.includes(index))).toBe(true)
    for (const options of [
      { validation: 101 },
      { validation: -1 },
      { validation: 50, train: 51 },
      { validation: 0.5 },
    ]) {
      expect(() => split(100, options)).toThrow(UserError)
    }
  })
})
