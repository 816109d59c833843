/** The gradient of a convolution's input, as a convolution of the upstream gradient: one output pixel for each whole stride. */
import type { WindowAttributes } from '../../optimize/spatial.js'

interface Side {
  /** Places in a stride: each becomes channels of its own. */
  readonly places: number
  /** Upstream pixels that one output sees, and how many of them lie before and after it. */
  readonly length: number
  readonly before: number
  readonly after: number
  /** For a place and an upstream pixel, the entry of the filter that joins them; undefined if none does. */
  entry(place: number, pixel: number): number | undefined
}

/** Of rows, or of columns: the input pixel a * stride + place meets upstream pixel a + offset through entry place + padding - stride * offset. */
function sideOf({ kernel, strides, before }: WindowAttributes, axis: number): Side {
  const [size, stride, padding] = [kernel[axis]!, strides[axis]!, before[axis]!]
  const first = Math.ceil((padding - size + 1) / stride)
  const last = Math.floor((stride - 1 + padding) / stride)
  return {
    places: stride,
    length: last - first + 1,
    before: Math.abs(first),
    after: last,
    entry(place, pixel) {
      const found = place + padding - stride * (first + pixel)
      return found >= 0 && found < size ? found : undefined
    },
  }
}

interface StrideWindows extends WindowAttributes {
  /** Indices into the filter's rows * columns entries, by place in the stride, then row and column of the window. */
  readonly entries: readonly number[]
  readonly places: number
}

/** What the gradient's convolution looks like, for a padding of less than the kernel. */
export function strideWindows(windows: WindowAttributes): StrideWindows {
  const [rows, columns] = [sideOf(windows, 0), sideOf(windows, 1)]
  const range = (length: number) => Array.from({ length }, (_, i) => i)
  const [height, width] = windows.kernel as [number, number]
  const entries = range(rows.places).flatMap((placeRow) =>
    range(columns.places).flatMap((placeColumn) =>
      range(rows.length).flatMap((row) =>
        range(columns.length).map((column) => {
          const [y, x] = [rows.entry(placeRow, row), columns.entry(placeColumn, column)]
          // One past the last entry of the filter where nothing meets.
          return y === undefined || x === undefined ? height * width : y * width + x
        }),
      ),
    ),
  )
  return {
    entries,
    places: rows.places * columns.places,
    strides: [1, 1],
    kernel: [rows.length, columns.length],
    before: [rows.before, columns.before],
    after: [rows.after, columns.after],
  }
}
