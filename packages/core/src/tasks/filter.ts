/** Images with their details taken away, or with nothing but details, in whole numbers. */
import { UserError } from '../errors.js'
import { imageShapeOf } from './augment.js'

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
  const [rows, columns] = [taps(height), taps(width)]
  const [down, across] = [height / FACTOR, width / FACTOR]
  const size = height * width * channels
  const blocks = new Int32Array(down * across * channels)
  const whole = EIGHTHS ** 2 * FACTOR ** 2
  const blurred = new Uint8Array(images.length)
  for (let start = 0; start < images.length; start += size) {
    blocks.fill(0)
    for (let i = 0; i < size; i++) {
      const pixel = Math.floor(i / channels)
      const block = Math.floor(pixel / width / FACTOR) * across + Math.floor((pixel % width) / FACTOR)
      blocks[block * channels + (i % channels)]! += images[start + i]!
    }
    const at = (row: number, column: number, channel: number) => blocks[(row * across + column) * channels + channel]!
    for (let i = 0; i < size; i++) {
      const pixel = Math.floor(i / channels)
      const channel = i % channels
      const { low: top, high: bottom, share: lower } = rows[Math.floor(pixel / width)]!
      const { low: left, high: right, share: later } = columns[pixel % width]!
      const above = (EIGHTHS - later) * at(top, left, channel) + later * at(top, right, channel)
      const below = (EIGHTHS - later) * at(bottom, left, channel) + later * at(bottom, right, channel)
      blurred[start + i] = Math.floor(((EIGHTHS - lower) * above + lower * below) / whole + 0.5)
    }
  }
  return blurred
}

/** What `lowPass` takes away, around a middle grey of 128, cut off at black and white. */
export function highPass(images: Uint8Array, shape: readonly number[]): Uint8Array {
  const blurred = lowPass(images, shape)
  return images.map((value, i) => Math.min(255, Math.max(0, 128 + value - blurred[i]!)))
}

/** For each pixel of a side the two blocks it lies between, and the eighths of the later one; at the edge they are one. */
function taps(side: number): { readonly low: number; readonly high: number; readonly share: number }[] {
  const last = side / FACTOR - 1
  return Array.from({ length: side }, (_, pixel) => {
    // (pixel + 1/2) / 4 - 1/2, in eighths.
    const place = Math.max(0, 2 * pixel + 1 - FACTOR)
    const low = Math.floor(place / EIGHTHS)
    return { low, high: Math.min(low + 1, last), share: place % EIGHTHS }
  })
}
