/** Poolings in blocks: maxima of two by two pixels, and single pixels taken every so many rows and columns. */
import { pointwise, quarters } from '../geometry.js'
import type { WindowAttributes } from '../spatial.js'
import { Combination } from './combination.js'
import type { BlockedPlan } from './plan.js'
import { made, type Planner } from './planner.js'

const pooling =
  (isPlanned: (windows: WindowAttributes) => boolean): BlockedPlan =>
  ({ op, inputs, attrs, outputs }, planner) => {
    const blocked = inputs.some((value) => planner.isBlocked(value)) && inputs.every((value) => planner.fits(value))
    if (!blocked || !isPlanned(attrs as unknown as WindowAttributes)) return undefined
    return result(
      op,
      inputs.map((value) => planner.tensor(value)),
      attrs,
      outputs[0]!.shape,
      planner,
    )
  }

const result = (
  op: string,
  tensors: Parameters<typeof made>[1],
  attrs: Parameters<typeof made>[2],
  shape: readonly number[],
  planner: Planner,
) => planner.formOf(Combination.of(made(`Blocked${op}`, tensors, attrs, shape)))

export const poolings: Readonly<Record<string, BlockedPlan>> = {
  MaxPool: pooling(quarters),
  MaxPoolGrad: pooling(quarters),
  AvgPool: pooling(pointwise),
  AvgPoolGrad: pooling(pointwise),
}
