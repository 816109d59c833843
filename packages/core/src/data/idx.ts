/** The idx format of MNIST: a big-endian magic number, the sizes of the dimensions, the elements. */
import { UserError } from '../errors.js'
import type { Examples } from './types.js'

export interface Idx {
  readonly shape: readonly number[]
  /** The elements, row-major; a view of the file's bytes. */
  readonly data: Uint8Array
}

/** Type code of unsigned bytes, the only one that image data sets use. */
const UNSIGNED_BYTE = 8

/**
 * Parses an idx file of unsigned bytes.
 *
 * @param file what to call it in errors
 * @throws UserError if the bytes are anything but exactly one such file
 */
export function parseIdx(bytes: Uint8Array, file: string): Idx {
  const fail = (problem: string): never => {
    throw new UserError(`${file} is not a valid idx file, since ${problem}; fetch it again.`)
  }
  if (bytes.length < 4) fail(`it has only ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dimensions = view.getUint8(3)
  if (view.getUint16(0) !== 0) fail('it does not begin with two zero bytes')
  if (view.getUint8(2) !== UNSIGNED_BYTE)
    fail(`its type code is ${view.getUint8(2)} and only 8 (unsigned bytes) is read`)
  if (dimensions === 0) fail('it has no dimensions')
  const start = 4 + 4 * dimensions
  if (bytes.length < start) fail(`it claims ${dimensions} dimensions and ends before their sizes`)
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i))
  const elements = shape.reduce((product, size) => product * size, 1)
  if (bytes.length - start !== elements) {
    fail(`its sizes ${shape.join(' x ')} need ${elements} bytes and it has ${bytes.length - start}`)
  }
  return { shape, data: bytes.subarray(start) }
}

/**
 * Joins an idx file of images (count x height x width) and one of labels (count).
 *
 * @throws UserError if the two do not belong together or a label is not below `classes`
 */
export function examplesFromIdx(
  images: { readonly idx: Idx; readonly file: string },
  labels: { readonly idx: Idx; readonly file: string },
  [height, width]: readonly [number, number, number],
  classes: number,
): Examples {
  const [count = 0, ...size] = images.idx.shape
  if (size.length !== 2 || size[0] !== height || size[1] !== width) {
    throw new UserError(`${images.file} has images of ${size.join(' x ')}, not ${height} x ${width}; fetch it again.`)
  }
  if (labels.idx.shape.length !== 1 || labels.idx.shape[0] !== count) {
    throw new UserError(
      `${labels.file} has the shape ${labels.idx.shape.join(' x ')} for ${count} images in ${images.file}; fetch both again.`,
    )
  }
  const wrong = labels.idx.data.findIndex((label) => label >= classes)
  if (wrong !== -1) {
    throw new UserError(
      `${labels.file} has the label ${labels.idx.data[wrong]} at ${wrong} and labels go up to ${classes - 1}; fetch it again.`,
    )
  }
  // Copies, so that the arrays start at their buffers' start and keep no header alive.
  return { images: new Uint8Array(images.idx.data), labels: new Uint8Array(labels.idx.data), count }
}
