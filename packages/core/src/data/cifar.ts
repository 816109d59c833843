/** CIFAR-10 and CIFAR-100 in their binary version, and CIFAR-10 recompressed as JPEG. Krizhevsky 2009. */
import { UserError } from '../errors.js'
import { unpackTarGz } from './archive.js'
import { hashOfFiles } from './hash.js'
import type { DataFile, DatasetDefinition, Examples, Parts } from './types.js'

const imageShape = [32, 32, 3] as const
const CHANNELS = 3
const PLANE = 32 * 32
const PIXELS = CHANNELS * PLANE

/** What one kind of file holds: records of its label bytes and a red, a green and a blue plane, each row by row. */
export interface CifarFormat {
  /** Classes of each label byte; the last one is the label, the ones before it (CIFAR-100's 20 coarse classes) are checked. */
  readonly labels: readonly number[]
  /** Records in a file. */
  readonly records: number
}

/** A file's content and what to call it in errors. */
export interface NamedBytes {
  readonly bytes: Uint8Array
  readonly file: string
}

/** Bytes of a file in the format. */
export function cifarBytes({ labels, records }: CifarFormat): number {
  return records * (labels.length + PIXELS)
}

/**
 * Reads CIFAR's binary files, one after the other, into images of [32, 32, 3].
 *
 * @throws UserError for a file of another size, or a label that is not below its number of classes
 */
export function parseCifar(files: readonly NamedBytes[], format: CifarFormat): Examples {
  const { labels: labelClasses, records } = format
  const count = files.length * records
  const images = new Uint8Array(count * PIXELS)
  const labels = new Uint8Array(count)
  for (const [part, { bytes, file }] of files.entries()) {
    const size = cifarBytes(format)
    if (bytes.length !== size) {
      throw new UserError(
        `${file} has ${bytes.length} bytes, but its ${records} images take ${size}; it is cut off or another file, fetch it again.`,
      )
    }
    for (let record = 0; record < records; record++) {
      const start = record * (labelClasses.length + PIXELS)
      const example = part * records + record
      for (const [at, classes] of labelClasses.entries()) {
        const label = bytes[start + at]!
        if (label >= classes) {
          throw new UserError(
            `${file} has the label ${label} at image ${record}, and labels there go up to ${classes - 1}; fetch it again.`,
          )
        }
        labels[example] = label
      }
      interleave(bytes, start + labelClasses.length, images, example * PIXELS)
    }
  }
  return { images, labels, count }
}

/** From three planes to pixels of three channels. */
function interleave(planes: Uint8Array, from: number, pixels: Uint8Array, to: number): void {
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let i = 0; i < PLANE; i++) pixels[to + i * CHANNELS + channel] = planes[from + channel * PLANE + i]!
  }
}

/** Names of the files with the two parts, and the format that all of a part's files share. */
export interface CifarLayout {
  readonly train: { readonly files: readonly string[]; readonly format: CifarFormat }
  readonly test: { readonly files: readonly string[]; readonly format: CifarFormat }
}

const tenClasses = { labels: [10], records: 10_000 }
const cifar10Layout: CifarLayout = {
  train: { files: [1, 2, 3, 4, 5].map((i) => `cifar-10-batches-bin/data_batch_${i}.bin`), format: tenClasses },
  test: { files: ['cifar-10-batches-bin/test_batch.bin'], format: tenClasses },
}
const cifar100Layout: CifarLayout = {
  train: { files: ['cifar-100-binary/train.bin'], format: { labels: [20, 100], records: 50_000 } },
  test: { files: ['cifar-100-binary/test.bin'], format: { labels: [20, 100], records: 10_000 } },
}

/** Both parts from the contents of the files. Exported for tests with a smaller layout. */
export function decodeCifar(layout: CifarLayout, contents: ReadonlyMap<string, Uint8Array>): Parts {
  const part = ({ files, format }: CifarLayout['train']): Examples =>
    parseCifar(
      files.map((file) => ({ file, bytes: contents.get(file) ?? new Uint8Array(0) })),
      format,
    )
  return { train: part(layout.train), test: part(layout.test) }
}

/** Both parts from the published archive. Exported for tests with a smaller layout. */
export async function decodeCifarArchive(layout: CifarLayout, archive: NamedBytes): Promise<Parts> {
  const sizes = [layout.train, layout.test].flatMap(({ files, format }) =>
    files.map((file): [string, number] => [file, cifarBytes(format)]),
  )
  return decodeCifar(layout, await unpackTarGz(archive.bytes, archive.file, Object.fromEntries(sizes)))
}

const addresses = ['https://www.cs.toronto.edu/~kriz/', 'https://cave.cs.toronto.edu/kriz/']

function archived(
  info: { readonly name: string; readonly title: string; readonly classes: number },
  archive: Omit<DataFile, 'packing'>,
  layout: CifarLayout,
): DatasetDefinition {
  const files: DataFile[] = [{ ...archive, packing: 'none' }]
  return {
    info: { ...info, imageShape, trainCount: 50_000, testCount: 10_000, hash: hashOfFiles(files) },
    files,
    addresses,
    decode: (contents) =>
      decodeCifarArchive(layout, { bytes: contents.get(archive.name) ?? new Uint8Array(0), file: archive.name }),
  }
}

// Size and SHA-256 of the two archives are those that TensorFlow Datasets publishes (claims.md 9.1). Nobody has checked
// them here: no machine of ours reaches the addresses.

export const cifar10 = archived(
  { name: 'cifar-10', title: 'CIFAR-10', classes: 10 },
  {
    name: 'cifar-10-binary.tar.gz',
    bytes: 170_052_171,
    sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
  },
  cifar10Layout,
)

export const cifar100 = archived(
  { name: 'cifar-100', title: 'CIFAR-100', classes: 100 },
  {
    name: 'cifar-100-binary.tar.gz',
    bytes: 168_513_733,
    sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
  },
  cifar100Layout,
)

const recompressed: DataFile[] = [
  ['data_batch_1.bin', '58385bbb3ed4848a117daba15e8ba56bdfa21eb18b4217d479c49e004a272746'],
  ['data_batch_2.bin', '845a56662d6a96711b77a437b8e768698273e3427a0da8fc7c02c97a6ef37372'],
  ['data_batch_3.bin', '8c127081e34074ab0f806bfabbab13d8d066d686af462af9b50e1461e02f906c'],
  ['data_batch_4.bin', '74cfe9d2ed790e3683cabe4b5f9c79812f970d4bef0ac7c9ffb502f9bcce3d39'],
  ['data_batch_5.bin', '789e0159b22b674689bae97a942640f3839431862382fcacf2ed8387636fe552'],
  ['test_batch.bin', 'e926e0b62c0fbaeed28818ec3d253aab375e0e4e5b4b76df91ea4a64c3ca923d'],
].map(([name, hash]) => ({
  name: `cifar-10-batches-bin/${name}`,
  packing: 'none',
  bytes: cifarBytes(tenClasses),
  sha256: hash!,
}))

/** All images of CIFAR-10 recompressed as JPEG, in another order: for development, never to be cited as CIFAR-10. */
export const cifar10Jpeg: DatasetDefinition = {
  info: {
    name: 'cifar10-jpeg',
    title: 'cifar10-jpeg',
    note: 'CIFAR-10 recompressed as JPEG: its labels and split, not its pixels',
    imageShape,
    classes: 10,
    trainCount: 50_000,
    testCount: 10_000,
    hash: hashOfFiles(recompressed),
  },
  files: recompressed,
  addresses: [],
  advice: 'write them there with the `prepare.py` that comes with images.tar.xz (it needs Pillow)',
  decode: (contents) => decodeCifar(cifar10Layout, contents),
}
