/** Classification of images that stay in the graph as bytes. */
import { tf } from '@winning-tickets/jit'
import { z } from 'zod'
import { canonicalJson, parseConfig } from '../config/index.js'
import {
  type Dataset,
  drawOfEachClass,
  type Examples,
  type Split,
  type SplitOptions,
  split as splitIndices,
} from '../data/index.js'
import { UserError } from '../errors.js'
import { type Model, sizeOf } from '../models/index.js'
import { stream } from '../random/index.js'
import { augmentationDraws, augmentationInputs, augmentationSchema, augmentImages, imageShapeOf } from './augment.js'
import { crossEntropy } from './cross-entropy.js'
import { setEvaluator } from './evaluator.js'
import { batchOrder } from './order.js'
import { scoringExamples } from './scoring-examples.js'
import { type SpoilInput, spoilSchema, spoiltOrder, withSpoilt } from './spoil.js'
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

/** Of a task that trains: without `augment`, which is no part of the config then, examples are taken as they are. */
export const classificationConfigSchema = classificationOptionsSchema.extend({ augment: augmentationSchema.optional() })
export type ClassificationOptions = z.input<typeof classificationConfigSchema>

export type ClassificationTaskOptions = ClassificationOptions & {
  /** A part of the run in which the training data are spoilt; evaluation is on data as they are. */
  readonly spoil?: SpoilInput
}

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
  const options = parseConfig(classificationConfigSchema, given, 'classification task')
  const { augment } = options
  const imageShape = augment && imageShapeOf(shape)
  checkNormalisation(shape, options)
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
    batch: (batchSize) => ({
      indices: { shape: [batchSize], dtype: 'int32' },
      ...(augment && augmentationInputs(batchSize)),
    }),
    resident: { images: bytes(examples), labels: labels(examples) },
    state: () => ({}),

    loss({ model, parameters, batch, resident, stay }) {
      const indices = batch.indices as tf.Tensor1D
      const chosen = tf.gather(resident.images as tf.Tensor2D, indices)
      const images = augment && imageShape ? augmentImages(chosen, batch, imageShape, augment) : chosen
      const target = oneHot(tf.gather(resident.labels as tf.Tensor1D, indices))
      const { output, statistics } = model.apply(parameters, prepare(images), { training: true, ...(stay && { stay }) })
      return { loss: crossEntropy(output as tf.Tensor2D, target).mean(), statistics }
    },

    scoring: {
      inputs: (count) => ({ images: bytes(count), labels: labels(count) }),
      loss(model, parameters, inputs, { training, temperature }) {
        const { output } = model.apply(parameters, prepare(inputs.images as tf.Tensor), { training })
        const logits = (temperature === 1 ? output : output.mul(1 / temperature)) as tf.Tensor2D
        return crossEntropy(logits, oneHot(inputs.labels as tf.Tensor)).mean()
      },
    },

    evaluation: {
      batchSize: EVALUATION_BATCH,
      inputs: (count) => ({
        images: bytes(count),
        labels: labels(count),
        weights: { shape: [count], dtype: 'float32' },
      }),
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
export function classificationTask(
  data: ClassificationData,
  { spoil: given, ...options }: ClassificationTaskOptions = {},
): Task {
  const { shape, classes, splits } = data
  for (const split of ['train', 'validation', 'test'] as const) checkImages(data, split)
  const { train } = splits
  const spoil = given && parseConfig(spoilSchema, given, 'spoilt data')
  const objective = classificationObjective({ shape, classes, examples: residentExamples(train.count, spoil) }, options)
  const { augment, ...plain } = options
  const rule = augment && parseConfig(augmentationSchema, augment, 'augmentation')
  return {
    objective,
    dataId: spoil ? `${data.id} spoilt ${canonicalJson(spoil)}` : data.id,
    ...((rule || spoil) && { plain: classificationTask(data, plain) }),
    source({ model, streams, batchSize }) {
      checkModel(model, data)
      const order = batchOrder(streams, train.count, batchSize)
      const indices = spoil ? spoiltOrder(order, spoil, train.count) : order
      const draws = rule && augmentationDraws(streams, rule, batchSize)
      const { images, labels } = spoil ? withSpoilt({ examples: train, shape, classes }, spoil, streams) : train
      return {
        kind: 'resident',
        resident: { images, labels },
        batches: (iteration, steps) => ({ indices: indices(iteration, steps), ...draws?.(iteration, steps) }),
      }
    },
    scoringExamples: (streams, wanted, times) => scoringExamples(data, plain, streams, wanted, times),
    evaluator({ model, engine, split }) {
      const { count, images, labels } = splits[split]
      return setEvaluator({ model, engine, objective, count, arrays: { images, labels } })
    },
  }
}

/** Examples that stay in the graph: the training set, and once more if a part of the run is spoilt. */
export const residentExamples = (examples: number, spoil: object | undefined): number =>
  spoil === undefined ? examples : 2 * examples

/** One number for all, or one for each of the last dimension. */
function checkNormalisation(
  shape: readonly number[],
  options: { readonly mean: number[]; readonly std: number[] },
): void {
  const channels = shape.at(-1)!
  for (const name of ['mean', 'std'] as const) {
    const { length } = options[name]
    if (length !== 1 && length !== channels) {
      throw new UserError(
        `The classification task's ${name} has ${length} numbers for images of [${shape}]; give 1 or ${channels}.`,
      )
    }
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

export interface SplitDatasetOptions extends SplitOptions {
  /**
   * Whether the `train` examples are as many of each class, by the stream "subset" of the split's seed. Default false: they
   * are any examples, so that classes have their shares of the data but for chance.
   */
  readonly balanced?: boolean
}

/**
 * A data set's training examples divided into train and validation; its id names the data and the split. The validation
 * examples do not depend on how many are trained on, nor how these are drawn.
 *
 * @throws UserError if there are not that many examples, or balanced ones do not divide into the classes
 */
export function splitDataset(
  dataset: Dataset,
  { balanced = false, ...options }: SplitDatasetOptions,
): ClassificationData {
  const { train, validation } = balanced ? balancedSplit(dataset, options) : splitIndices(dataset.train.count, options)
  const { validation: held, train: kept = train.length, seed = 0 } = options
  return {
    name: dataset.name,
    shape: dataset.imageShape,
    classes: dataset.classes,
    splits: { train: pick(dataset.train, train), validation: pick(dataset.train, validation), test: dataset.test },
    id: `${dataset.hash} train=${kept} validation=${held} seed=${seed}${balanced ? ' balanced' : ''}`,
  }
}

function balancedSplit({ train, classes }: Dataset, { train: wanted, ...options }: SplitOptions): Split {
  const { train: candidates, validation } = splitIndices(train.count, options)
  const { seed = 0 } = options
  const perClass = (wanted ?? 0) / classes
  if (wanted === undefined || !Number.isInteger(perClass)) {
    throw new UserError(
      `A balanced training set of ${wanted ?? 'all'} examples does not divide into ${classes} classes; set train to a multiple of ${classes}.`,
    )
  }
  const { labels } = train
  return { validation, train: drawOfEachClass(stream(seed, 'subset'), candidates, { labels, classes }, perClass) }
}

function pick({ images, labels, count }: Examples, indices: Int32Array): Examples {
  const row = images.length / count
  const picked = new Uint8Array(indices.length * row)
  for (const [to, from] of indices.entries()) picked.set(images.subarray(from * row, (from + 1) * row), to * row)
  return { images: picked, labels: Uint8Array.from(indices, (index) => labels[index]!), count: indices.length }
}
