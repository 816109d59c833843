/** Update rules: small pure functions on one parameter, with the numbers of a step computed on the host. */
import type { tf } from '@winning-tickets/jit'
import { adam } from './adam.js'
import type { OptimizerConfig } from './recipe.js'
import { sgd } from './sgd.js'

/** The scalars of one step, by name: tensors inside the graph. */
export type StepScalars = Readonly<Record<string, tf.Scalar>>

export interface Optimizer {
  /** Names of the tensors that it keeps for each parameter, all of the parameter's shape and zero at first. */
  readonly slots: readonly string[]
  /**
   * What the graph needs to know of a step, in float64 (rounded to float32 when it enters the graph).
   *
   * @param update how many updates since the slots were zero, this one included
   */
  scalars(learningRate: number, update: number): Readonly<Record<string, number>>
  /** One update of one parameter. Where gradient, weight and slots are zero, they stay exactly zero (trap T6). */
  update(
    weight: tf.Tensor,
    gradient: tf.Tensor,
    slots: Readonly<Record<string, tf.Tensor>>,
    scalars: StepScalars,
  ): Update
}

export interface Update {
  readonly weight: tf.Tensor
  readonly slots: Readonly<Record<string, tf.Tensor>>
}

export function optimizer(config: OptimizerConfig): Optimizer {
  return config.name === 'sgd' ? sgd(config) : adam(config)
}
