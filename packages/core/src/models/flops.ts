/** Theoretical cost of a forward pass. */
import { type Model, type ParameterSpec, sizeOf } from './model.js'

/** Floating-point operations for one example, counting a multiply-add as two. */
export interface Flops {
  readonly dense: number
  /** If every pruned weight costs nothing. */
  readonly sparse: number
}

/**
 * Cost of the kernels of dense layers and convolutions: two for each weight in use, at each position of the layer's output.
 * Kernels that no mask covers count in full. Biases, batch norm, activations, pooling and the loss are left out, as is usual
 * in pruning papers.
 *
 * @param kept kept weights of each prunable parameter; all, if absent
 */
export function forwardFlops(model: Model, kept?: Readonly<Record<string, number>>): Flops {
  const kernels = model.parameters.filter(({ role }) => role === 'kernel')
  const sum = (weights: (kernel: ParameterSpec) => number): number =>
    kernels.reduce((total, kernel) => total + 2 * positionsOf(kernel) * weights(kernel), 0)
  const all = ({ shape }: ParameterSpec): number => sizeOf(shape)
  const dense = sum(all)
  if (kept === undefined) return { dense, sparse: dense }
  return { dense, sparse: sum((kernel) => (kernel.prunable ? kept[kernel.name]! : all(kernel))) }
}

function positionsOf({ name, kind, positions }: ParameterSpec): number {
  if (kind === 'dense') return 1
  if (kind === 'conv' && positions !== undefined) return positions
  throw new RangeError(`The cost of ${name} (${kind}) is not two for each weight.`)
}
