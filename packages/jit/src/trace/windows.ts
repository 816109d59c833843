/** Where the windows of a convolution or a pooling lie on its input, from TensorFlow.js's attributes. */
import { tf } from '../tf.js'
import type { Attributes } from './shapes.js'

type Pair = readonly [number, number]

/** Rows come first in every pair, columns second. */
export interface Windows {
  readonly input: Pair
  readonly output: Pair
  readonly kernel: Pair
  readonly strides: Pair
  /** Rows and columns of padding before the input. */
  readonly before: Pair
  /** Of those after it that a window reaches; negative: how many rows and columns at the end no window reaches. */
  readonly after: Pair
}

/** TensorFlow.js's attributes that say nothing of windows in the NHWC layout without dilation and with rounding down. */
function isPlain({ dataFormat, dilations, dimRoundingMode }: Attributes): boolean {
  return (
    (dataFormat ?? 'NHWC') === 'NHWC' &&
    [dilations ?? 1].flat().every((dilation) => dilation === 1) &&
    (dimRoundingMode ?? 'floor') === 'floor'
  )
}

type ConvInfo = ReturnType<typeof tf.backend_util.computeConv2DInfo>

function windows(info: ConvInfo): Windows | undefined {
  const input: Pair = [info.inHeight, info.inWidth]
  const output: Pair = [info.outHeight, info.outWidth]
  const kernel: Pair = [info.filterHeight, info.filterWidth]
  const strides: Pair = [info.strideHeight, info.strideWidth]
  const before: Pair = [info.padInfo.top, info.padInfo.left]
  if (![...input, ...output].every((side) => side >= 1)) return undefined
  const after = ([0, 1] as const).map((i) => (output[i] - 1) * strides[i] + kernel[i] - input[i] - before[i])
  // Windows in the padding alone, and the output of TensorFlow.js for oblong windows and a padding that is one number.
  if (after.some((padding, i) => -padding >= Math.min(strides[i]!, input[i]!))) return undefined
  return { input, output, kernel, strides, before, after: after as unknown as Pair }
}

/**
 * Windows of a convolution.
 * @param input shape of the image, [batch, rows, columns, channels]
 * @param filter shape, [rows, columns, channels, ...]
 * @returns undefined for what cannot be compiled: another layout, dilation, rounding up, windows that miss the image
 */
export function convolutionWindows(
  input: readonly number[],
  filter: readonly number[],
  attrs: Attributes,
): Windows | undefined {
  if (input.length !== 4 || !isPlain(attrs)) return undefined
  type Arguments = Parameters<typeof tf.backend_util.computeConv2DInfo>
  const [strides, pad] = [attrs.strides as Arguments[2], attrs.pad as Arguments[4]]
  return windows(tf.backend_util.computeConv2DInfo(input as Arguments[0], filter as Arguments[1], strides, 1, pad))
}

/** Windows of a pooling; also undefined where a window could lie in the padding alone, whose maximum or mean is none. */
export function poolWindows(input: readonly number[], attrs: Attributes): Windows | undefined {
  const [rows, columns] = [attrs.filterSize].flat() as [number, number?]
  const found = convolutionWindows(input, [rows, columns ?? rows, input.at(-1)!, input.at(-1)!], attrs)
  const inside = found?.kernel.every((side, i) => found.before[i]! < side && found.after[i]! < side)
  return inside ? found : undefined
}
