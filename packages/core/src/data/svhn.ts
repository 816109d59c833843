/** SVHN, cropped digits of 32x32. Netzer et al. 2011. */
import { UserError } from '../errors.js'
import { hashOfFiles } from './hash.js'
import { type MatArray, parseMat5 } from './mat5.js'
import type { DataFile, DatasetDefinition, Examples } from './types.js'

const SIDE = 32
const CHANNELS = 3
const PIXELS = SIDE * SIDE * CHANNELS
const classes = 10

/**
 * Reads one of SVHN's files: `X` [32, 32, 3, count] of bytes, the first dimension (the row) fastest, and `y` [count, 1],
 * 1 to 10, where 10 stands for the digit 0.
 *
 * @throws UserError unless it is such a file with `count` images
 */
export function parseSvhn(bytes: Uint8Array, file: string, count: number): Examples {
  const fail = (problem: string): never => {
    throw new UserError(`${file} ${problem}; fetch it again.`)
  }
  const variables = parseMat5(bytes, { file, limit: count * PIXELS + 1024 })
  const take = (name: string, shape: readonly number[]): MatArray => {
    const found = variables.get(name)
    if (found === undefined) return fail(`has no array ${name}`)
    const isRight = found.shape.length === shape.length && found.shape.every((side, i) => side === shape[i])
    return isRight ? found : fail(`has ${name} of ${found.shape.join(' x ')}, not ${shape.join(' x ')}`)
  }
  const pixels = take('X', [SIDE, SIDE, CHANNELS, count]).data
  if (!(pixels instanceof Uint8Array)) return fail('has pixels in X that are not bytes')
  const digits = take('y', [count, 1]).data

  const images = new Uint8Array(count * PIXELS)
  const labels = new Uint8Array(count)
  for (let example = 0; example < count; example++) {
    const digit = digits[example]!
    if (!(Number.isInteger(digit) && digit >= 1 && digit <= classes)) {
      fail(`has the label ${digit} at image ${example}, and labels go from 1 to ${classes}`)
    }
    labels[example] = digit % classes
    transposeImage(pixels, images, example * PIXELS)
  }
  return { images, labels, count }
}

/** One image from [column-major row, column, channel] to [row, column, channel] row-major. */
function transposeImage(from: Uint8Array, to: Uint8Array, start: number): void {
  let at = start
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      for (let channel = 0; channel < CHANNELS; channel++) {
        to[at++] = from[start + row + SIDE * (column + SIDE * channel)]!
      }
    }
  }
}

// Size and SHA-256 as TensorFlow Datasets publishes them (claims.md 9.1). Nobody has checked them here: no machine of ours
// reaches the address, and we know of no mirror of these files.
const train: DataFile = {
  name: 'train_32x32.mat',
  packing: 'none',
  bytes: 182_040_794,
  sha256: '435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8',
}
const test: DataFile = {
  name: 'test_32x32.mat',
  packing: 'none',
  bytes: 64_275_384,
  sha256: 'cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b',
}
const trainCount = 73_257
const testCount = 26_032

/** Training and test images; the 531,131 "extra" ones are no part of it. */
export const svhn: DatasetDefinition = {
  info: {
    name: 'svhn',
    title: 'SVHN',
    imageShape: [SIDE, SIDE, CHANNELS],
    classes,
    trainCount,
    testCount,
    hash: hashOfFiles([train, test]),
  },
  files: [train, test],
  addresses: ['http://ufldl.stanford.edu/housenumbers/'],
  decode(contents) {
    const part = ({ name }: DataFile, count: number) => parseSvhn(contents.get(name) ?? new Uint8Array(0), name, count)
    return { train: part(train, trainCount), test: part(test, testCount) }
  },
}
