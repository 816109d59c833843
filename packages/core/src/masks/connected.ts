/** Whether a mask leaves any path from the input to the output. */
import { type Engine, type TensorFunction, tf } from '@winning-tickets/jit'
import { compiledOnce } from '../compile/cache.js'
import { canonicalJson } from '../config/index.js'
import type { Model, TensorRecord } from '../models/index.js'
import type { Masks } from './masks.js'

/**
 * An image of ones goes through the network with its masks in place of its kernels: what comes out is positive if and only
 * if a path of kept weights is left, at some position that padding does not cut off. Biases count as no path.
 */
export async function isConnected(engine: Engine, model: Model, masks: Masks): Promise<boolean> {
  const specs = model.parameters.map(({ name, shape }) => [name, { shape, dtype: 'uint8' }] as const)
  const kernels = specs.filter(([name]) => masks[name] !== undefined)
  const key = canonicalJson({ connected: model.config, masked: kernels.map(([name]) => name) })
  const graph = await compiledOnce(engine, key, () =>
    engine.compile(connection(model), { masks: Object.fromEntries(kernels) }),
  )
  const { reached } = await graph.run({ masks })
  return (reached as Float32Array)[0]! > 0
}

/** {masks} -> {reached}: how much of the ones arrives. */
export function connection(model: Model): TensorFunction {
  return ({ masks }) => {
    const given = masks as TensorRecord
    const parameters = Object.fromEntries(
      model.parameters.map(({ name, role, shape }) => {
        const mask = given[name]
        if (mask !== undefined && role === 'kernel') return [name, mask.cast('float32')]
        // Batch norm changes nothing, and what is added is zero. A kernel without a mask is whole.
        const value = role === 'kernel' || role === 'scale' || role === 'variance' ? 1 : 0
        return [name, tf.fill([...shape], value)]
      }),
    )
    const ones = tf.ones([1, ...model.inputShape])
    // Numbers of paths would leave any format: one path is as good as many.
    const between = (activation: tf.Tensor) => tf.minimum(activation, 1)
    return { reached: model.apply(parameters, ones, { training: false, between }).output.sum() }
  }
}
