/** The synaptic flow of each weight, for nets of any depth. */
import {
  canonicalJson,
  compiledOnce,
  type Model,
  prunableParameters,
  type Scores,
  type TensorRecord,
  type Weights,
} from '@winning-tickets/core'
import { type Compiled, type Engine, type TensorFunction, tf } from '@winning-tickets/jit'

/**
 * |theta . dR/dtheta| of each prunable weight, where R is the sum of the outputs for an input of ones, with the absolute
 * value of every parameter in its place; no data, no loss. All scores have one positive factor, so that none overflows.
 *
 * @param into earlier scores, no longer needed, whose arrays may be written again
 */
export async function synapticFlow(engine: Engine, model: Model, weights: Weights, into?: Scores): Promise<Scores> {
  const graph = await compileFlow(engine, model)
  return (await graph.run({ parameters: weights }, into)) as Scores
}

function compileFlow(engine: Engine, model: Model): Promise<Compiled> {
  const specs = model.parameters.map(({ name, shape }) => [name, { shape, dtype: 'float32' }] as const)
  const key = canonicalJson({ synapticFlow: model.config })
  return compiledOnce(engine, key, () => engine.compile(flow(model), { parameters: Object.fromEntries(specs) }))
}

/** {parameters} -> the scores by name. */
export function flow(model: Model): TensorFunction {
  const prunable = prunableParameters(model)
  return ({ parameters }) => {
    const given = parameters as TensorRecord
    // 1. Replace each parameter by its absolute value; statistics are none.
    const positive = Object.fromEntries(
      model.parameters.map(({ name, trainable }) => [name, trainable ? given[name]!.abs() : given[name]!]),
    )
    const theta = prunable.map(({ name }) => positive[name]!)
    // 2. R = 1^T f(1). 3. Its gradient, times the parameter.
    const objective = (...tensors: tf.Tensor[]): tf.Scalar => {
      const moved = Object.fromEntries(prunable.map(({ name }, i) => [name, tensors[i]!]))
      const { parameters: scaled, between } = keptInRange(model, { ...positive, ...moved })
      const ones = tf.ones([1, ...model.inputShape])
      return model.apply(scaled, ones, { training: false, between }).output.sum() as tf.Scalar
    }
    const slopes = tf.grads(objective)(theta)
    return Object.fromEntries(prunable.map(({ name }, i) => [name, slopes[i]!.mul(theta[i]!).abs()]))
  }
}

/**
 * R grows like the product of the layers' norms, beyond any number format at some depth (claims.md 7.a, Numerical). So each
 * layer's activation is divided by its largest value, as a constant. What is added to an activation later (biases, batch
 * norm's shift and mean) is divided by the same numbers, so R is divided by their product, and so is every score.
 */
function keptInRange(model: Model, parameters: TensorRecord): { parameters: TensorRecord; between: Between } {
  let scale: tf.Tensor | undefined
  const scaled: Record<string, tf.Tensor> = { ...parameters }
  for (const { name, role } of model.parameters) {
    if (role !== 'bias' && role !== 'shift' && role !== 'mean') continue
    // A layer reads its parameters when the ones before it have run.
    const value = parameters[name]!
    Object.defineProperty(scaled, name, { enumerable: true, get: () => (scale ? value.mul(scale) : value) })
  }
  const between: Between = (activation) => {
    const factor = constant(reciprocal(activation.max()))
    // Beyond this, nothing but zeros has been added so far, and infinity times zero would be NaN.
    scale = tf.minimum(scale ? scale.mul(factor) : factor, 1e38)
    return activation.mul(factor)
  }
  return { parameters: scaled, between }
}
type Between = (activation: tf.Tensor) => tf.Tensor

/** 1/x, and 1 for what is not positive: all paths are cut. */
function reciprocal(x: tf.Tensor): tf.Tensor {
  const dead = x.lessEqual(0).cast('float32')
  return tf.div(1, tf.relu(x).add(dead))
}

/** The same value, through which no gradient flows. */
function constant(x: tf.Tensor): tf.Tensor {
  const blocked = tf.customGrad((value) => ({
    value: (value as tf.Tensor).clone(),
    gradFunc: () => tf.zerosLike(value as tf.Tensor),
  }))
  return blocked(x)
}
