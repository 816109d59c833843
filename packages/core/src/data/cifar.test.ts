/** CIFAR's binary files: what Python packed is read; other sizes and labels are refused; the real sets where they are. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../errors.js'
import { sha256 } from '../files/index.js'
import { splitDataset } from '../tasks/index.js'
import { type CifarLayout, cifarBytes, decodeCifarArchive, parseCifar } from './cifar.js'
import { CAMPAIGN, damaged, expectedIn, imageFile, outcome } from './image-files.testing.js'
import { datasetInfo, loadDataset } from './index.js'

const ten = { labels: [10], records: 2 }
const cifar10: CifarLayout = {
  train: { files: [1, 2, 3, 4, 5].map((i) => `cifar-10-batches-bin/data_batch_${i}.bin`), format: ten },
  test: { files: ['cifar-10-batches-bin/test_batch.bin'], format: ten },
}
const cifar100: CifarLayout = {
  train: { files: ['cifar-100-binary/train.bin'], format: { labels: [20, 100], records: 4 } },
  test: { files: ['cifar-100-binary/test.bin'], format: { labels: [20, 100], records: 2 } },
}

describe.each([
  ['cifar-10', cifar10, [10, 2]],
  ['cifar-100', cifar100, [4, 2]],
] as const)('%s as Python packs it', (name, layout, [trainCount, testCount]) => {
  it('has the images, row by row and pixel by pixel, and the (fine) labels', async () => {
    const file = `${name}.tar.gz`
    const { train, test } = await decodeCifarArchive(layout, { bytes: imageFile(file), file })
    expect([train.count, test.count]).toEqual([trainCount, testCount])
    for (const [part, examples] of Object.entries({ train, test })) {
      const expected = expectedIn(`${name} ${part}`)
      expect([...examples.labels]).toEqual(expected.labels)
      expect(sha256(examples.images)).toBe(expected.images)
    }
    // The formula of the script, for one pixel: image 3, row 5, column 6, blue.
    expect(train.images[3 * 3072 + (5 * 32 + 6) * 3 + 2]).toBe((37 * 3 + 101 * 2 + 3 * 25 + 42 + 30) % 256)
  })
})

describe('parseCifar', () => {
  const format = { labels: [20, 100], records: 2 }
  const file = (...labels: number[]): Uint8Array => {
    const bytes = new Uint8Array(cifarBytes(format))
    bytes.set(labels.slice(0, 2), 0)
    bytes.set(labels.slice(2), 3074)
    return bytes
  }
  const parse = (bytes: Uint8Array) => parseCifar([{ bytes, file: 'train.bin' }], format)

  it.each([
    ['cut off', file(1, 2, 3, 4).slice(0, -1), 'has 6147 bytes, but its 2 images take 6148'],
    ['too long', new Uint8Array(6149), 'has 6149 bytes, but its 2 images take 6148'],
    ['empty', new Uint8Array(), 'has 0 bytes'],
    ['wrongly labelled', file(19, 99, 19, 100), 'has the label 100 at image 1, and labels there go up to 99'],
    ['wrongly labelled coarsely', file(20, 0, 0, 0), 'has the label 20 at image 0, and labels there go up to 19'],
  ])('refuses a file that is %s', (_, bytes, reason) => {
    expect(() => parse(bytes)).toThrow(UserError)
    expect(() => parse(bytes)).toThrow(`train.bin ${reason}`)
    expect(() => parse(bytes)).toThrow(/^[^\n]*fetch it again\.$/)
  })

  it(`refuses ${CAMPAIGN} damaged files or reads right labels, and never looks beyond their ends`, () => {
    fc.assert(
      fc.property(damaged(file(3, 50, 4, 51)), (bytes) => {
        const found = outcome(parse, bytes)
        if (typeof found === 'string') return
        expect(found.labels.every((label) => label < 100)).toBe(true)
        expect(found.images).toHaveLength(2 * 3072)
      }),
      { numRuns: CAMPAIGN },
    )
  })
})

/** The recompressed images, if this machine has them; without them only the small files above are read. */
const jpeg = await loadDataset('cifar10-jpeg', { offline: true }).catch(() => undefined)

describe.runIf(jpeg !== undefined)('cifar10-jpeg', () => {
  it('has 5,000 + 1,000 images of each class and says in its note what it is', () => {
    const { train, test, note, hash } = jpeg!
    const counts = (labels: Uint8Array) => Array.from({ length: 10 }, (_, c) => labels.filter((l) => l === c).length)
    expect(counts(train.labels)).toEqual(Array(10).fill(5000))
    expect(counts(test.labels)).toEqual(Array(10).fill(1000))
    expect(note).toContain('recompressed as JPEG')
    expect(hash).toBe(datasetInfo('cifar10-jpeg').hash)
  })

  it('has the mean and spread of CIFAR-10, a channel each, so channels and scale are right', () => {
    const { images } = jpeg!.train
    const sums = [0, 0, 0]
    const squares = [0, 0, 0]
    for (let i = 0; i < images.length; i++) {
      const value = images[i]! / 255
      sums[i % 3]! += value
      squares[i % 3]! += value * value
    }
    const n = images.length / 3
    const expected = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] }
    for (let c = 0; c < 3; c++) {
      const mean = sums[c]! / n
      expect(Math.abs(mean - expected.mean[c]!)).toBeLessThan(0.005)
      expect(Math.abs(Math.sqrt(squares[c]! / n - mean * mean) - expected.std[c]!)).toBeLessThan(0.005)
    }
  })

  it('is split as in the papers: 45,000 + 5,000 + 10,000, and neighbouring rows are alike', () => {
    const { splits } = splitDataset(jpeg!, { validation: 5000 })
    expect([splits.train.count, splits.validation.count, splits.test.count]).toEqual([45_000, 5000, 10_000])
    // Photographs: a pixel is far more like the one below it than like one at the other end of the image.
    const { images } = splits.validation
    let near = 0
    let far = 0
    for (let image = 0; image < 200; image++) {
      const at = (row: number, column: number) => images[image * 3072 + (row * 32 + column) * 3]!
      for (let i = 0; i < 31; i++) {
        near += Math.abs(at(i, 7) - at(i + 1, 7)) + Math.abs(at(7, i) - at(7, i + 1))
        far += Math.abs(at(i, 7) - at((i + 16) % 32, 7)) + Math.abs(at(7, i) - at(7, (i + 16) % 32))
      }
    }
    expect(near).toBeLessThan(far / 3)
  })
})
