/**
 * Small images side by side, as one wide image with columns of zeros between them. A blocked convolution reads its whole
 * filter once for every row of an image: filters that no cache holds are read less often for rows that are long.
 */
import type { Ref } from '../../onnx/builder.js'
import type { WindowAttributes } from '../../optimize/spatial.js'
import type { Context } from '../context.js'
import { transposed } from '../windows.js'

/** Images of more columns gain nothing. */
const COLUMNS = 4
/** Filters with fewer pairs of input and output channels gain nothing: a core's cache holds them. */
const PAIRS = 2 ** 16
/** Images in a row. */
const IMAGES = 32

/**
 * Blocked images [batch, channels, rows, columns] beside each other, for a convolution whose results have as many rows and
 * columns.
 *
 * @returns the wide images, and what takes its results apart; undefined where nothing is gained
 */
export function sideBySide(
  context: Context,
  x: Ref,
  { kernel, strides, before, after }: WindowAttributes,
  outputs: number,
) {
  const { builder, block } = context
  const [batch, channels, rows, columns] = x.shape as [number, number, number, number]
  const same = kernel.every((side, i) => strides[i] === 1 && before[i]! < side && before[i]! + after[i]! === side - 1)
  if (batch === 0 || !same || columns > COLUMNS || channels % block !== 0 || channels * outputs < PAIRS)
    return undefined
  const images = largestDivisor(batch, IMAGES)
  if (images === 1) return undefined
  const gap = Math.max(before[1]!, after[1]!)
  const width = images * (columns + gap)
  const wide = (count: number) => [batch / images, count, rows, width]

  const apart = builder.reshape(x, [batch / images, images, channels / block, rows, columns * block])
  const moved = transposed(context, apart, [0, 2, 3, 1, 4])
  const padded = [...moved.shape.slice(0, 4), (columns + gap) * block]
  const pads = builder.ints([0, 0, 0, 0, 0, 0, 0, 0, 0, gap * block])
  const spaced = gap === 0 ? moved : builder.add('Pad', [moved, pads], padded, 'float32')

  return {
    images: builder.reshape(spaced, wide(channels)),
    shape: wide(outputs),
    /** Results as images of their own again: [batch, outputs, rows, columns]. */
    takeApart(y: Ref): Ref {
      const lines = [batch / images, outputs / block, rows, images]
      const all = builder.reshape(y, [...lines, (columns + gap) * block])
      const range = [[0], [columns * block], [4]].map((list) => builder.ints(list))
      const kept = gap === 0 ? all : builder.add('Slice', [all, ...range], [...lines, columns * block], 'float32')
      return builder.reshape(transposed(context, kept, [0, 3, 1, 2, 4]), [batch, outputs, rows, columns])
    },
  }
}

/** The largest divisor of a number above 0 that is at most a bound. */
function largestDivisor(of: number, atMost: number): number {
  let divisor = Math.min(of, atMost)
  while (of % divisor !== 0) divisor--
  return divisor
}
