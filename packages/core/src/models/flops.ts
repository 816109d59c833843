/** Theoretical cost of a forward pass. */
import { type Model, type ParameterSpec, prunableParameters, sizeOf } from './model.js'

/** Floating-point operations for one example, counting a multiply-add as two. */
export interface Flops {
  readonly dense: number
  /** If every pruned weight costs nothing. */
  readonly sparse: number
}

/**
 * Cost of the kernels of dense layers: two for each weight in use. Biases, activations and the loss are left out, as is usual in
 * pruning papers.
 *
 * @param kept kept weights of each prunable parameter; all, if absent
 */
export function forwardFlops(model: Model, kept?: Readonly<Record<string, number>>): Flops {
  const kernels = prunableParameters(model)
  const other = kernels.find(({ kind }) => kind !== 'dense')
  if (other !== undefined) throw new RangeError(`The cost of ${other.name} (${other.kind}) is not two for each weight.`)
  const sum = (weights: (kernel: ParameterSpec) => number): number =>
    kernels.reduce((total, kernel) => total + 2 * weights(kernel), 0)
  const dense = sum(({ shape }) => sizeOf(shape))
  return { dense, sparse: kept === undefined ? dense : sum(({ name }) => kept[name]!) }
}
