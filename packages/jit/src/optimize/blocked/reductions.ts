/** Sums and means of blocked images: means of each image's channels, which ONNX Runtime has, and of those over the batch. */
import { axesOf } from '../../trace/shapes.js'
import type { BlockedPlan } from './plan.js'
import { type Form, lazy, made } from './planner.js'
import { spread, times } from './scale.js'

const reduction =
  (isSum: boolean): BlockedPlan =>
  ({ inputs, outputs, attrs }, planner): Form | undefined => {
    const [x] = inputs
    const [y] = outputs
    const { combination } = planner.form(x!)
    if (!combination) return undefined
    const axes = String(axesOf(attrs.reductionIndices ?? attrs.axis, 4).toSorted())
    const [batch, channels, rows, columns] = combination.shape as [number, number, number, number]
    if (axes === '0,2,3') {
      const scale = lazy(() => times(planner.mean(combination), isSum ? batch * rows * columns : 1))
      return { plain: lazy(() => spread(scale(), channels, y!.shape)), ...(y!.shape.length === 4 && { scale }) }
    }
    if (axes !== '2,3') return undefined
    return {
      plain: lazy(() => {
        const mean = planner.imageMean(planner.computed(combination))
        const count = made('Fill', [], { shape: [], value: rows * columns, dtype: 'float32' }, [])
        const value = isSum ? made('Multiply', [mean, count], {}, mean.shape) : mean
        return y!.shape.length === 2 ? value : made('Reshape', [value], { shape: y!.shape }, y!.shape)
      }),
    }
  }

export const reductions: Readonly<Record<string, BlockedPlan>> = { Sum: reduction(true), Mean: reduction(false) }
