/** Classification of images that stay in the graph as bytes. */
import * as tf from '@tensorflow/tfjs'
import { z } from 'zod'
import { parseConfig } from '../config/index.js'
import { type Dataset, type Examples, type SplitOptions, split as splitIndices } from '../data/index.js'
import { UserError } from '../errors.js'
import { type Model, sizeOf } from '../models/index.js'
import { crossEntropy } from './cross-entropy.js'
import { setEvaluator } from './evaluator.js'
import { batchOrder } from './order.js'
import type { Objective, SplitName, Task } from './task.js'

/** Images as bytes and their classes, in the three splits. */
export interface ClassificationData {
  readonly name: string
  /** Shape of one image: [784], [28, 28, 1], [32, 32, 3]. */
  readonly shape: readonly number[]
  readonly classes: number
  readonly splits: Readonly<Record<SplitName, Examples>>
  /** Hash of the decoded data and their split. */
  readonly id: string
}

export const classificationOptionsSchema = z.strictObject({
  /** After scaling pixels to [0, 1]: (x - mean) / std, one number or one a channel (trap T12). */
  mean: z.array(z.number()).min(1).default([0]),
  std: z.array(z.number().positive()).min(1).default([1]),
})
export type ClassificationOptions = z.input<typeof classificationOptionsSchema>

/** Examples in one run of the evaluation graph. */
const EVALUATION_BATCH = 1000

/** The shapes that the training graph depends on. */
export interface ClassificationShape {
  readonly shape: readonly number[]
  readonly classes: number
  /** Training examples. */
  readonly examples: number
}

/** Softmax cross-entropy, mean over the batch. */
export function classificationObjective(
  { shape, classes, examples }: ClassificationShape,
  given: ClassificationOptions = {},
): Objective {
  const options = parseConfig(classificationOptionsSchema, given, 'classification task')
  const bytes = (count: number) => ({ shape: [count, sizeOf(shape)], dtype: 'uint8' }) as const
  const labels = (count: number) => ({ shape: [count], dtype: 'uint8' }) as const

  /** From bytes [n, elements] to what the model takes. */
  function prepare(images: tf.Tensor): tf.Tensor {
    const scaled = images.cast('float32').mul(1 / 255)
    const plain = options.mean.every((mean) => mean === 0) && options.std.every((std) => std === 1)
    if (plain) return shape.length === 1 ? scaled : scaled.reshape([-1, ...shape])
    const shaped = scaled.reshape([-1, ...shape])
    return shaped.sub(tf.tensor1d(options.mean)).mul(tf.tensor1d(options.std.map((std) => 1 / std)))
  }

  const oneHot = (indices: tf.Tensor): tf.Tensor2D =>
    tf.oneHot(indices.cast('int32') as tf.Tensor1D, classes).cast('float32') as tf.Tensor2D

  return {
    name: 'classification',
    config: { task: 'classification', shape, classes, examples, ...options },
    batch: (batchSize) => ({ indices: { shape: [batchSize], dtype: 'int32' } }),
    resident: { images: bytes(examples), labels: labels(examples) },
    state: () => ({}),

    loss({ model, parameters, batch, resident }) {
      const indices = batch.indices as tf.Tensor1D
      const images = tf.gather(resident.images as tf.Tensor2D, indices)
      const target = oneHot(tf.gather(resident.labels as tf.Tensor1D, indices))
      const { output, statistics } = model.apply(parameters, prepare(images), { training: true })
      return { loss: crossEntropy(output as tf.Tensor2D, target).mean(), statistics }
    },

    evaluation: {
      inputs: {
        images: bytes(EVALUATION_BATCH),
        labels: labels(EVALUATION_BATCH),
        weights: { shape: [EVALUATION_BATCH], dtype: 'float32' },
      },
      /** Sums over the examples, each times its weight: 1, or 0 for what only fills the last batch. */
      run(model, parameters, inputs) {
        const { output } = model.apply(parameters, prepare(inputs.images as tf.Tensor), { training: false })
        const classOf = inputs.labels as tf.Tensor1D
        const weights = inputs.weights as tf.Tensor1D
        const loss = crossEntropy(output as tf.Tensor2D, oneHot(classOf))
        const correct = output.argMax(1).equal(classOf.cast('int32')).cast('float32')
        return { loss: loss.mul(weights).sum(), accuracy: correct.mul(weights).sum() }
      },
    },
  }
}

/** Classification of a data set by a model whose inputs have as many elements as an image. */
export function classificationTask(data: ClassificationData, options: ClassificationOptions = {}): Task {
  const { shape, classes, splits } = data
  for (const split of ['train', 'validation', 'test'] as const) checkImages(data, split)
  const { train } = splits
  const objective = classificationObjective({ shape, classes, examples: train.count }, options)
  return {
    objective,
    dataId: data.id,
    source({ model, streams, batchSize }) {
      checkModel(model, data)
      const order = batchOrder(streams, train.count, batchSize)
      return {
        kind: 'resident',
        resident: { images: train.images, labels: train.labels },
        batches: (iteration, steps) => ({ indices: order(iteration, steps) }),
      }
    },
    evaluator({ model, engine, split }) {
      const { count, images, labels } = splits[split]
      return setEvaluator({ model, engine, objective, count, arrays: { images, labels } })
    },
  }
}

function checkImages({ name, shape, classes, splits }: ClassificationData, split: SplitName): void {
  const { count, images, labels } = splits[split]
  if (images.length !== count * sizeOf(shape) || labels.length !== count) {
    throw new UserError(
      `The ${split} split of ${name} should have ${count} images of [${shape}], but has ${images.length} bytes and ${labels.length} labels.`,
    )
  }
  const wrong = labels.find((label) => label >= classes)
  if (wrong !== undefined) throw new UserError(`The ${split} split of ${name} has the label ${wrong} of ${classes}.`)
}

function checkModel(model: Model, { name, shape, classes }: ClassificationData): void {
  if (sizeOf(model.inputShape) !== sizeOf(shape) || model.classes !== classes) {
    throw new UserError(
      `Model ${model.name} takes [${model.inputShape}] and has ${model.classes} classes, but ${name} has images of [${shape}] and ${classes} classes.`,
    )
  }
}

/** A data set's training examples divided into train and validation; its id names the data and the split. */
export function splitDataset(dataset: Dataset, options: SplitOptions): ClassificationData {
  const { train, validation } = splitIndices(dataset.train.count, options)
  const { validation: held, train: kept = train.length, seed = 0 } = options
  return {
    name: dataset.name,
    shape: dataset.imageShape,
    classes: dataset.classes,
    splits: { train: pick(dataset.train, train), validation: pick(dataset.train, validation), test: dataset.test },
    id: `${dataset.hash} train=${kept} validation=${held} seed=${seed}`,
  }
}

function pick({ images, labels, count }: Examples, indices: Int32Array): Examples {
  const row = images.length / count
  const picked = new Uint8Array(indices.length * row)
  for (const [to, from] of indices.entries()) picked.set(images.subarray(from * row, (from + 1) * row), to * row)
  return { images: picked, labels: Uint8Array.from(indices, (index) => labels[index]!), count: indices.length }
}
