/** The MNIST family: MNIST, Fashion-MNIST, and the extract of the latter that ships with this package. */
import { fileURLToPath } from 'node:url'
import { hashOfFiles } from './hash.js'
import { examplesFromIdx, parseIdx } from './idx.js'
import type { DataFile, DatasetDefinition, DatasetInfo, Examples } from './types.js'

const imageShape = [28, 28, 1] as const
const classes = 10

/** SHA-256 of the four decoded files. */
interface Hashes {
  readonly trainImages: string
  readonly trainLabels: string
  readonly testImages: string
  readonly testLabels: string
}

type Description = Pick<DatasetInfo, 'name' | 'title' | 'note' | 'trainCount' | 'testCount'> &
  Pick<DatasetDefinition, 'addresses' | 'shipped' | 'advice'> & { readonly sha256: Hashes }

function define({ addresses, shipped, advice, sha256: hashes, ...description }: Description): DatasetDefinition {
  const { trainCount, testCount } = description
  const files = [
    idxFile('train-images-idx3-ubyte', [trainCount, 28, 28], hashes.trainImages),
    idxFile('train-labels-idx1-ubyte', [trainCount], hashes.trainLabels),
    idxFile('t10k-images-idx3-ubyte', [testCount, 28, 28], hashes.testImages),
    idxFile('t10k-labels-idx1-ubyte', [testCount], hashes.testLabels),
  ]
  return {
    info: { ...description, imageShape, classes, hash: hashOfFiles(files) },
    files,
    addresses,
    shipped,
    advice,
    decode: (contents) => ({ train: examples(contents, 'train'), test: examples(contents, 't10k') }),
  }
}

function idxFile(name: string, shape: readonly number[], hash: string): DataFile {
  return { name, bytes: 4 + 4 * shape.length + shape.reduce((product, size) => product * size, 1), sha256: hash }
}

function examples(contents: ReadonlyMap<string, Uint8Array>, part: 'train' | 't10k'): Examples {
  const read = (file: string) => ({ file, idx: parseIdx(contents.get(file) ?? new Uint8Array(0), file) })
  return examplesFromIdx(read(`${part}-images-idx3-ubyte`), read(`${part}-labels-idx1-ubyte`), imageShape, classes)
}

/** LeCun, Cortes and Burges. The original address (yann.lecun.com) answers 403. */
export const mnist = define({
  name: 'mnist',
  title: 'MNIST',
  trainCount: 60_000,
  testCount: 10_000,
  addresses: ['https://ossci-datasets.s3.amazonaws.com/mnist/', 'https://storage.googleapis.com/cvdf-datasets/mnist/'],
  sha256: {
    trainImages: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    trainLabels: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    testImages: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    testLabels: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
})

/** Xiao, Rasul and Vollgraf 2017; MIT licence, Zalando SE. */
export const fashionMnist = define({
  name: 'fashion-mnist',
  title: 'Fashion-MNIST',
  trainCount: 60_000,
  testCount: 10_000,
  addresses: [
    'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
    'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
  ],
  advice: 'on Debian or Ubuntu run `apt install dataset-fashion-mnist`',
  sha256: {
    trainImages: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    trainLabels: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    testImages: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    testLabels: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  },
})

/** The first 600 training and 100 test images of each class; made by scripts/make-extract.mjs. */
export const fashionMnistExtract = define({
  name: 'fashion-mnist-extract',
  title: 'Fashion-MNIST',
  note: 'extract of 6,000 + 1,000 images',
  trainCount: 6_000,
  testCount: 1_000,
  addresses: [],
  // The same place from src/data and from dist/data.
  shipped: fileURLToPath(new URL('../../data/fashion-mnist-extract', import.meta.url)),
  sha256: {
    trainImages: 'cf313073c7eb485392848071d5c433571d7166043e971e3345b095cc30518084',
    trainLabels: '097b93fbcf9bd5bc648b1a457ddc55c9e4ab49afb33f9ecae8ce068399a75e3a',
    testImages: '7cee33c3c6414b1b86c25e665a6c4f41584269de3b7cc9768b1d351922845eef',
    testLabels: '3128d790775889812b73c4f13923559c8b9e281d112c6ea7862acf60a206a909',
  },
})
