/** Batch normalisation whose running statistics are ordinary named tensors. */
import { tf } from '@winning-tickets/jit'
import type { Build, Call, LayerParameter, Shape } from './layers.js'
import { sizeOf } from './model.js'

/** PyTorch's defaults, which the reference code of all papers with batch norm leaves as they are. */
const EPSILON = 1e-5
/** Weight of the newest batch in the running statistics. */
const MOMENTUM = 0.1

/**
 * Normalises each channel, then scales and shifts it: parameters `scale`, `shift`, and the statistics `mean` and
 * `variance`, which no gradient moves.
 *
 * In training mode by the mean and (biased) variance of the batch; the running statistics become 0.9 times themselves
 * plus 0.1 times the batch's, the variance unbiased; or, if the call asks for it, the batch's alone. Else by the running
 * statistics.
 */
export function batchNorm(name: string): Build {
  return (input) => ({
    parameters: parametersOf(name, input.at(-1)!),
    output: input,
    run: (x, call) => (call.training ? byBatch(name, x, input, call) : byRunning(name, x, call)),
  })
}

function byBatch(name: string, x: tf.Tensor, input: Shape, call: Call): tf.Tensor {
  const { weights, statistics } = call
  const values = x.shape[0]! * sizeOf(input.slice(0, -1))
  if (values < 2) throw new RangeError(`${name} cannot normalise a batch with one value a channel; use a larger batch.`)
  const axes = x.shape.slice(0, -1).map((_, axis) => axis)
  const mean = x.mean(axes)
  const centred = x.sub(mean)
  const variance = centred.square().mean(axes)
  if (call.ownStatistics) {
    statistics[`${name}.mean`] = mean
    statistics[`${name}.variance`] = variance.mul(values / (values - 1))
  } else {
    const keep = 1 - MOMENTUM
    statistics[`${name}.mean`] = weights[`${name}.mean`]!.mul(keep).add(mean.mul(MOMENTUM))
    const unbiased = variance.mul((MOMENTUM * values) / (values - 1))
    statistics[`${name}.variance`] = weights[`${name}.variance`]!.mul(keep).add(unbiased)
  }
  return centred.mul(gain(name, variance, weights)).add(weights[`${name}.shift`]!)
}

function byRunning(name: string, x: tf.Tensor, { weights }: Call): tf.Tensor {
  const scale = gain(name, weights[`${name}.variance`]!, weights)
  return x.mul(scale).add(weights[`${name}.shift`]!.sub(weights[`${name}.mean`]!.mul(scale)))
}

/** What a channel is multiplied by. */
function gain(name: string, variance: tf.Tensor, weights: Call['weights']): tf.Tensor {
  return weights[`${name}.scale`]!.mul(tf.rsqrt(variance.add(EPSILON)))
}

function parametersOf(name: string, channels: number): LayerParameter[] {
  const roles = ['scale', 'shift', 'mean', 'variance'] as const
  return roles.map((role) => ({
    name: `${name}.${role}`,
    shape: [channels],
    kind: 'batchnorm',
    role,
    fanIn: 1,
    fanOut: 1,
    trainable: role === 'scale' || role === 'shift',
    output: false,
  }))
}
