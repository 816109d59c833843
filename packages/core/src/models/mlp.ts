/** Fully connected networks with ReLU, LeNet-300-100 among them. */
import { tf } from '@winning-tickets/jit'
import { z } from 'zod'
import { parseConfig } from '../config/index.js'
import { glorotNormal, initialise } from './initialise.js'
import { type Model, type ModelMode, type ParameterSpec, sizeOf, type TensorRecord } from './model.js'
import { prunablePolicies, withPrunable } from './prunable.js'

const size = z.int().min(1)

export const mlpOptionsSchema = z.strictObject({
  /** Shape of one example; flattened before the first layer. */
  inputShape: z.array(size).min(1),
  hidden: z.array(size),
  classes: z.int().min(1),
  /** Which weights a mask covers; "kernels", if absent. */
  prunable: z.enum(prunablePolicies).optional(),
})
export type MlpOptions = z.output<typeof mlpOptionsSchema>

/** LeNet-300-100 of the paper (claims.md 1.b): 784-300-100-10, 266,200 prunable weights, 266,610 parameters. */
export const lenet300100Defaults: MlpOptions = { inputShape: [784], hidden: [300, 100], classes: 10 }

/** Dense layers fc1 ... fcN with ReLU between them; Gaussian Glorot kernels [in, out], zero biases. */
export function mlp(name: string, given: MlpOptions): Model {
  const options = parseConfig(mlpOptionsSchema, given, `model ${name}`)
  const { prunable, ...sizes } = options
  const { inputShape, hidden, classes } = sizes
  const widths = [sizeOf(inputShape), ...hidden, classes]
  const layers = widths.slice(1).map((_, i) => `fc${i + 1}`)
  const parameters = layers.flatMap((layer, i) =>
    denseLayer(layer, widths[i]!, widths[i + 1]!, i === layers.length - 1),
  )

  function apply(weights: TensorRecord, x: tf.Tensor, { between }: ModelMode): { output: tf.Tensor } {
    let activation: tf.Tensor2D = x.rank === 2 ? (x as tf.Tensor2D) : x.reshape([x.shape[0]!, widths[0]!])
    for (const [i, layer] of layers.entries()) {
      let sum = tf.add(
        tf.matMul(activation, weights[`${layer}.kernel`] as tf.Tensor2D),
        weights[`${layer}.bias`]!,
      ) as tf.Tensor2D
      if (between) sum = between(sum) as tf.Tensor2D
      activation = i < layers.length - 1 ? tf.relu(sum) : sum
    }
    return { output: activation }
  }

  const dense: Model = {
    name,
    config: { name, ...sizes },
    inputShape,
    classes,
    parameters,
    init: (streams) => initialise(parameters, streams),
    apply,
  }
  return withPrunable(dense, prunable)
}

function denseLayer(layer: string, fanIn: number, fanOut: number, output: boolean): ParameterSpec[] {
  const common = { kind: 'dense', fanIn, fanOut, trainable: true, output } as const
  return [
    {
      ...common,
      name: `${layer}.kernel`,
      shape: [fanIn, fanOut],
      role: 'kernel',
      initializer: glorotNormal(fanIn, fanOut),
      prunable: true,
    },
    {
      ...common,
      name: `${layer}.bias`,
      shape: [fanOut],
      role: 'bias',
      initializer: { kind: 'constant', value: 0 },
      prunable: false,
    },
  ]
}
