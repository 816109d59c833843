/** Data sets made from others: halves by class, grey images in the shape of CIFAR; files are sought where the base's are. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { keepClasses, toCifarShape } from './derived.js'
import { datasetInfo, loadDataset } from './index.js'
import { locate } from './locate.js'
import { definitionOf } from './registry.js'

describe('halves by class', () => {
  it('are disjoint, complete, in order, and labelled from 0', () => {
    const labels = Uint8Array.of(0, 9, 4, 5, 4, 7)
    const images = Uint8Array.from({ length: 12 }, (_, i) => 10 * (i >> 1) + (i % 2))
    const all = { images, labels, count: 6 }
    expect(keepClasses(all, 0, 5)).toEqual({
      images: Uint8Array.of(0, 1, 20, 21, 40, 41),
      labels: Uint8Array.of(0, 4, 4),
      count: 3,
    })
    expect(keepClasses(all, 5, 5)).toEqual({
      images: Uint8Array.of(10, 11, 30, 31, 50, 51),
      labels: Uint8Array.of(4, 0, 2),
      count: 3,
    })
  })

  it('say what they are and have half of the images', () => {
    expect(datasetInfo('cifar-10b')).toMatchObject({
      title: 'CIFAR-10b',
      note: 'classes 5 to 9 of CIFAR-10',
      classes: 5,
      trainCount: 25_000,
      testCount: 5000,
    })
    for (const which of ['cifar10-jpeg', 'cifar10-jpeg-a', 'cifar10-jpeg-b']) {
      expect(datasetInfo(which).note).toContain('recompressed as JPEG')
      expect(datasetInfo(which).title).toContain('jpeg')
    }
  })

  it("are read from their base's folder, and an error names it", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'derived-'))
    try {
      mkdirSync(join(folder, 'cifar-10'))
      writeFileSync(join(folder, 'cifar-10', 'cifar-10-binary.tar.gz'), 'not an archive')
      const options = { env: { TICKETS_DATA_DIR: folder, XDG_CACHE_HOME: folder }, systemFolder: folder, offline: true }
      expect(locate(definitionOf('cifar-10a'), options)?.folder).toBe(join(folder, 'cifar-10'))
      await expect(loadDataset('cifar-10a', options)).rejects.toThrow(
        /cifar-10-binary\.tar\.gz holds 14 bytes where cifar-10-binary\.tar\.gz has 170052171; delete it and fetch it/,
      )
      await expect(loadDataset('svhn', options)).rejects.toThrow(/put train_32x32\.mat, test_32x32\.mat into .*svhn,/)
      await expect(loadDataset('cifar10-jpeg-b', options)).rejects.toThrow(/with a cifar10-jpeg\/ that has them/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

const jpeg = await loadDataset('cifar10-jpeg', { offline: true }).catch(() => undefined)

it.runIf(jpeg !== undefined)('the halves of cifar10-jpeg are those of its examples', async () => {
  const [a, b] = await Promise.all(['a', 'b'].map((which) => loadDataset(`cifar10-jpeg-${which}`, { offline: true })))
  expect([a!.train.count, b!.train.count, a!.test.count, b!.test.count]).toEqual([25_000, 25_000, 5000, 5000])
  const next = [0, 0]
  for (const [i, label] of jpeg!.train.labels.entries()) {
    const half = label < 5 ? 0 : 1
    const from = half === 0 ? a! : b!
    const at = next[half]!++
    if (from.train.labels[at] !== label % 5) throw new Error(`label ${i}`)
    if (i % 1000 === 0) {
      expect(from.train.images.subarray(at * 3072, (at + 1) * 3072)).toEqual(
        jpeg!.train.images.subarray(i * 3072, (i + 1) * 3072),
      )
    }
  }
  expect(next).toEqual([25_000, 25_000])
})

it('a grey image of 28x28 gets a black rim and three equal channels', async () => {
  const images = Uint8Array.from({ length: 2 * 784 }, (_, i) => 1 + (i % 255))
  const { images: made, count } = toCifarShape({ images, labels: Uint8Array.of(1, 2), count: 2 })
  expect([made.length, count]).toEqual([2 * 3072, 2])
  for (let i = 0; i < made.length; i++) {
    const [image, row, column] = [Math.floor(i / 3072), Math.floor(i / 96) % 32, Math.floor(i / 3) % 32]
    const inside = row >= 2 && row < 30 && column >= 2 && column < 30
    if (made[i] !== (inside ? images[(image * 28 + row - 2) * 28 + column - 2] : 0)) throw new Error(`byte ${i}`)
  }
})

it.runIf(process.env.TICKETS_DATA_DIR)('Fashion-MNIST in the shape of CIFAR has its images', async () => {
  const { imageShape, train, note } = await loadDataset('fashion-mnist-rgb', { offline: true })
  expect(imageShape).toEqual([32, 32, 3])
  expect(train.images).toHaveLength(60_000 * 3072)
  expect(note).toContain('padded')
})
