/** For tests and demonstrations: a small classification problem, made from streams, that a tiny network learns in a few hundred steps. */
import { sizeOf } from '../models/index.js'
import { stream } from '../random/index.js'
import type { ClassificationData, SplitName } from '../tasks/index.js'

export interface BlobOptions {
  readonly shape?: readonly number[]
  readonly classes?: number
  readonly counts?: Readonly<Record<SplitName, number>>
  /** Standard deviation of the pixels around their class's prototype, in grey levels. */
  readonly noise?: number
}

/** Each class is a random image; its examples are that image with noise. */
export function blobs({
  shape = [16],
  classes = 4,
  counts = { train: 200, validation: 60, test: 60 },
  noise = 60,
}: BlobOptions = {}): ClassificationData {
  const pixels = sizeOf(shape)
  const prototypes = stream(0, 'blobs/prototypes').integers(classes * pixels, 256)
  const examples = (split: SplitName) => {
    const count = counts[split]
    const draws = stream(0, `blobs/${split}`)
    const labels = Uint8Array.from(draws.integers(count, classes))
    const images = new Uint8Array(count * pixels)
    for (let i = 0; i < images.length; i++) {
      const mean = prototypes[labels[Math.floor(i / pixels)]! * pixels + (i % pixels)]!
      images[i] = Math.min(255, Math.max(0, Math.round(mean + noise * draws.normal())))
    }
    return { images, labels, count }
  }
  return {
    name: 'blobs',
    shape,
    classes,
    splits: { train: examples('train'), validation: examples('validation'), test: examples('test') },
    id: 'blobs',
  }
}
