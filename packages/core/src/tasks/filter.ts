/** Images with their details taken away, or with nothing but details, in whole numbers. */
import { UserError } from '../errors.js'
import { type ImageShape, imageShapeOf } from './augment.js'

/** Pixels that become one and are made from one again, along each side. */
const FACTOR = 4
/** Interpolation between the centres of neighbouring blocks goes in steps of an eighth. */
const EIGHTHS = 2 * FACTOR

/**
 * Each image shrunk fourfold by averages and enlarged again bilinearly, as PyTorch's `avg_pool2d` and `interpolate` do
 * (align_corners false), rounded to the nearest byte, halves up: what is smaller than four pixels is gone.
 *
 * @param images [count, height * width * channels], row-major
 * @param shape of one image
 * @throws UserError for images whose sides are no multiples of 4
 */
export function lowPass(images: Uint8Array, shape: readonly number[]): Uint8Array {
  const [height, width, channels] = imageShapeOf(shape)
  if (height % FACTOR !== 0 || width % FACTOR !== 0) {
    throw new UserError(`Images of [${shape}] cannot be blurred: their sides must be multiples of ${FACTOR}.`)
  }
  const size = height * width * channels
  const { blockOf, corners, shares } = tablesOf([height, width, channels])
  const sums = new Int32Array(size / FACTOR ** 2)
  const whole = EIGHTHS ** 2 * FACTOR ** 2
  const blurred = new Uint8Array(images.length)
  for (let start = 0; start < images.length; start += size) {
    sums.fill(0)
    for (let i = 0; i < size; i++) sums[blockOf[i]!]! += images[start + i]!
    for (let i = 0; i < size; i++) {
      let value = 0
      for (let corner = 4 * i; corner < 4 * i + 4; corner++) value += shares[corner]! * sums[corners[corner]!]!
      blurred[start + i] = Math.floor(value / whole + 0.5)
    }
  }
  return blurred
}

/** What `lowPass` takes away, around a middle grey of 128, cut off at black and white. */
export function highPass(images: Uint8Array, shape: readonly number[]): Uint8Array {
  const blurred = lowPass(images, shape)
  return images.map((value, i) => Math.min(255, Math.max(0, 128 + value - blurred[i]!)))
}

/** Of each value of an image: the block it lies in, and the four blocks it is made from again, with their shares of 64. */
function tablesOf([height, width, channels]: ImageShape) {
  const size = height * width * channels
  const [rows, columns] = [taps(height), taps(width)]
  const block = (row: number, column: number, channel: number) => ((row * width) / FACTOR + column) * channels + channel
  const blockOf = new Int32Array(size)
  const corners = new Int32Array(4 * size)
  const shares = new Uint8Array(4 * size)
  for (let i = 0; i < size; i++) {
    const channel = i % channels
    const column = Math.floor(i / channels) % width
    const row = Math.floor(i / channels / width)
    blockOf[i] = block(Math.floor(row / FACTOR), Math.floor(column / FACTOR), channel)
    for (const [j, [down, lower]] of rows[row]!.entries()) {
      for (const [k, [across, later]] of columns[column]!.entries()) {
        corners[4 * i + 2 * j + k] = block(down, across, channel)
        shares[4 * i + 2 * j + k] = lower * later
      }
    }
  }
  return { blockOf, corners, shares }
}

/** For each pixel of a side the two blocks whose centres it lies between, with their eighths; at the edge they are one. */
function taps(side: number): (readonly [block: number, eighths: number])[][] {
  const last = side / FACTOR - 1
  return Array.from({ length: side }, (_, pixel) => {
    // (pixel + 1/2) / 4 - 1/2, in eighths.
    const place = Math.max(0, 2 * pixel + 1 - FACTOR)
    const before = Math.floor(place / EIGHTHS)
    const later = place % EIGHTHS
    return [
      [before, EIGHTHS - later],
      [Math.min(before + 1, last), later],
    ]
  })
}
