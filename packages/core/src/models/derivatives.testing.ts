/** For tests: a model's loss with its first and second derivatives as functions for an engine, and the numbers to run them on. */
import { type HostTree, type SpecTree, type TensorFunction, type TensorTree, tf } from '@winning-tickets/jit'
import { crossEntropy } from '../tasks/index.js'
import { type Model, type ParameterSpec, sizeOf, type TensorRecord } from './index.js'
import { given, noise } from './pytorch.testing.js'

/** Signature of `functionsOf`: images are of the model's input shape, targets one-hot. */
export function signatureOf(network: Model, examples: number): SpecTree {
  const specs = (parameters: readonly ParameterSpec[]) =>
    Object.fromEntries(parameters.map(({ name, shape }) => [name, { shape, dtype: 'float32' } as const]))
  return {
    parameters: specs(network.parameters),
    directions: specs(network.parameters.filter(({ trainable }) => trainable)),
    images: { shape: [examples, ...network.inputShape], dtype: 'float32' },
    target: { shape: [examples, network.classes!], dtype: 'float32' },
  }
}

/** What fixtures/make_models.py runs a network on. */
export function inputsOf(network: Model, labels: readonly number[]) {
  const classes = network.classes!
  const shape = [labels.length, ...network.inputShape]
  const trainable = network.parameters.filter((parameter) => parameter.trainable)
  return {
    parameters: Object.fromEntries(network.parameters.map((parameter) => [parameter.name, given(parameter)])),
    directions: Object.fromEntries(
      trainable.map(({ name, shape }) => [name, Float32Array.from(noise(`direction.${name}`, sizeOf(shape)))]),
    ),
    images: Float32Array.from(noise('images', sizeOf(shape))),
    target: Float32Array.from({ length: labels.length * classes }, (_, i) =>
      Number(i % classes === labels[Math.floor(i / classes)]),
    ),
  } satisfies HostTree
}

/** Functions of {parameters, directions, images, target}. */
export function functionsOf(network: Model) {
  const names = network.parameters.filter(({ trainable }) => trainable).map(({ name }) => name)
  const record = (tensors: readonly tf.Tensor[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i]!]))
  const pointOf = ({ parameters }: TensorTree) => names.map((name) => (parameters as TensorRecord)[name]!)
  const lossOf =
    ({ parameters, images, target }: TensorTree) =>
    (...trained: tf.Tensor[]): tf.Scalar => {
      const weights = { ...(parameters as TensorRecord), ...record(trained) }
      const { output } = network.apply(weights, images as tf.Tensor, { training: true })
      return crossEntropy(output as tf.Tensor2D, target as tf.Tensor2D).mean()
    }
  /** The slope of the loss along the directions, with what it is made of. */
  function along(inputs: TensorTree, trained: tf.Tensor[]) {
    const directions = inputs.directions as TensorRecord
    const { value: loss, grads: slopes } = tf.valueAndGrads(lossOf(inputs))(trained)
    const slope = tf.addN(slopes.map((slope, i) => slope.mul(directions[names[i]!]!).sum())) as tf.Scalar
    return { slope, loss, slopes }
  }
  return {
    outputs({ parameters, images }) {
      const [all, x] = [parameters as TensorRecord, images as tf.Tensor]
      const { output: training, statistics = {} } = network.apply(all, x, { training: true })
      return { evaluation: network.apply(all, x, { training: false }).output, training, statistics }
    },
    gradients: (inputs) => record(tf.grads(lossOf(inputs))(pointOf(inputs))),
    curvature(inputs) {
      return record(tf.grads((...trained) => along(inputs, trained).slope)(pointOf(inputs)))
    },
    /** All of them from one pass: {loss, gradients, curvature}. */
    derivatives(inputs) {
      // What the outer gradient's function makes and does not return has to be kept, and is handed over as a copy.
      const kept: tf.Tensor[] = []
      const products = tf.grads((...trained) => {
        const { slope, loss, slopes } = along(inputs, trained)
        for (const tensor of [loss, ...slopes]) kept.push(tf.keep(tensor))
        return slope
      })(pointOf(inputs))
      const [loss, ...slopes] = kept.map((tensor) => tensor.clone())
      for (const tensor of kept) tensor.dispose()
      return { loss: loss!, gradients: record(slopes), curvature: record(products) }
    },
  } satisfies Record<string, TensorFunction>
}
