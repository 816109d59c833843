/** Kinds of windows that have cheaper forms. */
import type { WindowAttributes } from './spatial.js'

/** Whether windows lie side by side and cover every pixel once, from the first one on. */
export const tiles = ({ kernel, strides, before, after }: WindowAttributes): boolean =>
  kernel.every((side, i) => side === strides[i] && before[i] === 0 && after[i] === 0)

/** Whether windows are tiles of two by two pixels. */
export const quarters = (windows: WindowAttributes): boolean =>
  tiles(windows) && windows.kernel.every((side) => side === 2)

/** Whether each window is one pixel, and none lies in the padding. */
export const pointwise = ({ kernel, before, after }: WindowAttributes): boolean =>
  kernel.every((side, i) => side === 1 && before[i] === 0 && after[i]! <= 0)
