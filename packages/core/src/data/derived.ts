/** Data sets that are made from the files of another: halves of CIFAR-10, Fashion-MNIST in the shape of CIFAR. */
import { cifar10, cifar10Jpeg } from './cifar.js'
import { hashOfDerived } from './hash.js'
import { fashionMnist } from './mnist.js'
import type { DatasetDefinition, DatasetInfo, Examples } from './types.js'

/** A data set read from the base's files and folder, each of its two parts made by `make`. */
function derive(
  base: DatasetDefinition,
  /** `rule` says what `make` does, and is hashed: whoever changes the one changes the other. */
  { rule, ...info }: Partial<DatasetInfo> & Pick<DatasetInfo, 'name' | 'title' | 'note'> & { readonly rule: string },
  make: (examples: Examples) => Examples,
): DatasetDefinition {
  return {
    ...base,
    folder: base.folder ?? base.info.name,
    info: { ...base.info, ...info, hash: hashOfDerived(base.info.hash, rule) },
    async decode(contents) {
      const { train, test } = await base.decode(contents)
      return { train: make(train), test: make(test) }
    },
  }
}

/** The examples of classes from `first` on, `classes` of them, in their order; labels count from 0 again. */
export function keepClasses({ images, labels, count }: Examples, first: number, classes: number): Examples {
  const size = images.length / count
  const kept = [...labels.keys()].filter((i) => labels[i]! >= first && labels[i]! < first + classes)
  const keptImages = new Uint8Array(kept.length * size)
  for (const [to, from] of kept.entries()) keptImages.set(images.subarray(from * size, (from + 1) * size), to * size)
  return { images: keptImages, labels: Uint8Array.from(kept, (i) => labels[i]! - first), count: kept.length }
}

const HALF = 5

/** One of two halves with five classes each. */
function half(base: DatasetDefinition, which: 'a' | 'b'): DatasetDefinition {
  const { name, title, note, trainCount, testCount } = base.info
  const first = which === 'a' ? 0 : HALF
  const suffix = name === 'cifar-10' ? which : `-${which}`
  const classes = `classes ${first} to ${first + HALF - 1}`
  return derive(
    base,
    {
      name: `${name}${suffix}`,
      title: `${title}${suffix}`,
      note: note === undefined ? `${classes} of ${title}` : `${classes} of ${note}`,
      classes: HALF,
      trainCount: trainCount / 2,
      testCount: testCount / 2,
      rule: `${classes}, labelled from 0`,
    },
    (examples) => keepClasses(examples, first, HALF),
  )
}

// Morcos et al. 2019 split CIFAR-10 into two halves of 25,000 images (claims.md 2.b: disjoint in their classes, five each).
// Which classes is not on record, so we take them in the order of their labels: airplane, automobile, bird, cat, deer; dog,
// frog, horse, ship, truck.
export const cifar10a = half(cifar10, 'a')
export const cifar10b = half(cifar10, 'b')
export const cifar10JpegA = half(cifar10Jpeg, 'a')
export const cifar10JpegB = half(cifar10Jpeg, 'b')

/** Images of 28x28 in grey as 32x32 in three equal channels: two black pixels more on each side. */
export function toCifarShape({ images, labels, count }: Examples): Examples {
  const [from, to, margin, channels] = [28, 32, 2, 3] as const
  const padded = new Uint8Array(count * to * to * channels)
  for (let image = 0; image < count; image++) {
    for (let row = 0; row < from; row++) {
      const source = (image * from + row) * from
      const target = ((image * to + row + margin) * to + margin) * channels
      for (let i = 0; i < from; i++) {
        const value = images[source + i]!
        for (let channel = 0; channel < channels; channel++) padded[target + i * channels + channel] = value
      }
    }
  }
  return { images: padded, labels, count }
}

/** As a source and target of transfer (Morcos et al. 2019, claims.md 2.b). */
export const fashionMnistRgb = derive(
  fashionMnist,
  {
    name: 'fashion-mnist-rgb',
    title: 'Fashion-MNIST',
    note: 'padded to 32x32, in three equal channels',
    imageShape: [32, 32, 3],
    rule: 'two black pixels on each side, three equal channels',
  },
  toCifarShape,
)
