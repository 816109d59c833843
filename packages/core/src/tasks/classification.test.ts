/** Classification: batches, pixel scaling, the loss and its derivatives, evaluation over sets of any size. */
import { createEngine, type Engine, tf } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { initialWeights, model } from '../models/index.js'
import { stream, streams } from '../random/index.js'
import { blobs } from '../testing/index.js'
import {
  batchOrder,
  classificationObjective,
  classificationTask,
  crossEntropy,
  normalisations,
  splitDataset,
  stepsPerEpoch,
} from './index.js'

const network = model('lenet-300-100', { inputShape: [16], hidden: [8], classes: 4 })
const engines: Engine[] = []
beforeAll(async () => {
  engines.push(await createEngine({ name: 'onnxruntime' }), await createEngine({ name: 'tensorflow' }))
})

describe('data order', () => {
  test('an epoch shows every example at most once, in full batches; epochs differ', () => {
    const order = batchOrder(streams(1), 23, 5)
    const epochs = [0, 1].map((epoch) => [...order(epoch * 4, 4)])
    for (const epoch of epochs) {
      expect(epoch.length).toBe(20)
      expect(new Set(epoch).size).toBe(20)
      expect(epoch.every((index) => index >= 0 && index < 23)).toBe(true)
    }
    expect(epochs[0]).not.toEqual(epochs[1])
    expect(epochs[0]).toEqual([...stream(1, 'order/epoch/0').permutation(23).subarray(0, 20)])
  })

  test('a batch depends on its iteration only, not on where the run began or how it was cut', () => {
    const whole = batchOrder(streams(2), 23, 5)(0, 30)
    const cut = batchOrder(streams(2), 23, 5)
    for (const [from, steps] of [
      [17, 6],
      [0, 1],
      [3, 20],
      [29, 1],
    ] as const) {
      expect(cut(from, steps)).toEqual(whole.slice(from * 5, (from + steps) * 5))
    }
  })

  test('a batch larger than the data is refused', () => {
    expect(stepsPerEpoch(60, 60)).toBe(1)
    expect(() => stepsPerEpoch(59, 60)).toThrow('A batch of 60 needs that many training examples, and there are 59')
  })
})

describe('cross-entropy', () => {
  const logits = [2, -1, 0.5, 300, 0, -300]
  const target = [1, 0, 0, 0, 0.25, 0.75]

  test('is log-sum-exp minus the target’s logit, also where exponentials overflow', async () => {
    await tf.setBackend('cpu')
    const loss = crossEntropy(tf.tensor2d(logits, [2, 3]), tf.tensor2d(target, [2, 3]))
    const first = Math.log(Math.exp(2) + Math.exp(-1) + Math.exp(0.5)) - 2
    const second = 300 - (0.75 * -300 + 0)
    const [a, b] = await loss.data()
    expect(Math.abs(a! - first)).toBeLessThan(1e-6)
    expect(b).toBe(second)
  })

  test('first and second derivatives are those of finite differences', async () => {
    await tf.setBackend('cpu')
    const point = [0.3, -0.2, 0.1, 0.5]
    const truth = tf.tensor2d([0, 1, 0, 0], [1, 4])
    const direction = tf.tensor2d([0.5, -1, 2, 0.25], [1, 4])
    const loss = (x: tf.Tensor): tf.Scalar => crossEntropy(x as tf.Tensor2D, truth).sum()
    const value = (values: number[]): number => {
      const sum = values.reduce((total, x) => total + Math.exp(x), 0)
      return Math.log(sum) - values[1]!
    }
    const h = 1e-4
    const shifted = (i: number, by: number): number[] => point.map((x, j) => (i === j ? x + by : x))
    const slope = (values: number[], i: number): number =>
      (value(values.map((x, j) => (i === j ? x + h : x))) - value(values.map((x, j) => (i === j ? x - h : x)))) /
      (2 * h)

    const gradient = await tf
      .grad(loss)(tf.tensor2d(point, [1, 4]))
      .data()
    const product = await tf
      .grad((x) => tf.grad(loss)(x).mul(direction).sum())(tf.tensor2d(point, [1, 4]))
      .data()
    const along = [...(await direction.data())]
    for (let i = 0; i < 4; i++) {
      expect(Math.abs(gradient[i]! - slope(point, i))).toBeLessThan(1e-5)
      const expected = along.reduce(
        (sum, v, j) => sum + (v * (slope(shifted(j, h), i) - slope(shifted(j, -h), i))) / (2 * h),
        0,
      )
      expect(Math.abs(product[i]! - expected)).toBeLessThan(1e-4)
    }
  })
})

describe('evaluation', () => {
  /** Mean loss and accuracy in float64, from the definition. */
  function byHand(data: ReturnType<typeof blobs>, mean: number, std: number) {
    const weights = initialWeights(network, 2)
    const { images, labels, count } = data.splits.test
    const layer = (x: number[], name: string, outputs: number): number[] =>
      Array.from({ length: outputs }, (_, o) =>
        x.reduce(
          (sum, value, i) => sum + value * weights[`${name}.kernel`]![i * outputs + o]!,
          weights[`${name}.bias`]![o]!,
        ),
      )
    let loss = 0
    let correct = 0
    for (let i = 0; i < count; i++) {
      const x = [...images.subarray(i * 16, (i + 1) * 16)].map((pixel) => (pixel / 255 - mean) / std)
      const logits = layer(
        layer(x, 'fc1', 8).map((value) => Math.max(0, value)),
        'fc2',
        4,
      )
      loss += Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[labels[i]!]!
      if (logits.indexOf(Math.max(...logits)) === labels[i]) correct++
    }
    return { loss: loss / count, accuracy: correct / count }
  }

  // 1,000 examples go through the graph at a time: less than one batch, exactly two, and a little more than one.
  test.each([60, 2000, 1003])('of %i examples is the mean over each of them', async (count) => {
    const data = blobs({ counts: { train: 10, validation: 10, test: count } })
    for (const [options, mean, std] of [
      [{}, 0, 1],
      [{ mean: [0.5], std: [0.25] }, 0.5, 0.25],
    ] as const) {
      const expected = byHand(data, mean, std)
      for (const engine of count === 60 ? engines : engines.slice(0, 1)) {
        const task = classificationTask(data, { ...options } as Parameters<typeof classificationTask>[1])
        const evaluator = await task.evaluator({ model: network, engine, split: 'test' })
        const metrics = await evaluator.evaluate(initialWeights(network, 2))
        expect(Math.abs(metrics.loss - expected.loss)).toBeLessThan(1e-5 * expected.loss)
        expect(metrics.accuracy).toBe(expected.accuracy)
      }
    }
  })
})

describe('data', () => {
  test('of wrong size, wrong label or for another model are refused', () => {
    const data = blobs()
    const broken = { ...data, splits: { ...data.splits, test: { ...data.splits.test, count: 61 } } }
    expect(() => classificationTask(broken)).toThrow('The test split of blobs should have 61 images')
    expect(() => classificationTask({ ...data, classes: 3 })).toThrow('has the label 3 of 3')
    const other = model('lenet-300-100', { inputShape: [17], classes: 4 })
    const source = () =>
      classificationTask(data).source({ model: other, engine: engines[0]!, streams: streams(1), batchSize: 5 })
    expect(source).toThrow(UserError)
    expect(() => classificationTask(data, { std: [0] })).toThrow("The classification task's std.0 is 0")
  })

  test('of colours are normalised channel by channel, and by no other number of numbers', () => {
    const shape = { shape: [2, 2, 3], classes: 4, examples: 5 }
    expect(() => classificationObjective(shape, { mean: [0.1, 0.2, 0.3], std: [1] })).not.toThrow()
    for (const normalisation of Object.values(normalisations)) {
      expect(classificationObjective(shape, normalisation).config).toMatchObject(normalisation)
    }
    expect(() => classificationObjective(shape, { mean: [0.1, 0.2] })).toThrow(
      "The classification task's mean has 2 numbers for images of [2,2,3]; give 1 or 3.",
    )
  })

  test('a data set is split by example: each is in exactly one part, with its label', () => {
    const { splits } = blobs({ counts: { train: 50, validation: 1, test: 9 } })
    const labelsOf = (label: (i: number) => number) => Uint8Array.from({ length: 50 }, (_, i) => label(i))
    const dataset = {
      name: 'numbers',
      title: 'Numbers',
      imageShape: [1, 1, 2],
      classes: 50,
      trainCount: 50,
      testCount: 9,
      hash: 'abc',
      // Each image holds its own number twice, and so does its label.
      train: {
        images: Uint8Array.from({ length: 100 }, (_, i) => i >> 1),
        labels: Uint8Array.from({ length: 50 }, (_, i) => i),
        count: 50,
      },
      test: splits.test,
      source: '/nowhere',
    } as const
    const data = splitDataset(dataset, { validation: 20 })
    const { train, validation } = data.splits
    expect([train.count, validation.count]).toEqual([30, 20])
    expect([...train.labels, ...validation.labels].sort((a, b) => a - b)).toEqual([...Array(50).keys()])
    for (const part of [train, validation]) {
      expect([...part.images]).toEqual([...part.labels].flatMap((label) => [label, label]))
    }
    expect(data.id).toBe('abc train=30 validation=20 seed=0')
    expect(data.shape).toEqual([1, 1, 2])

    // As many of each class; the same are held out.
    const coarse = { ...dataset, classes: 2, train: { ...dataset.train, labels: labelsOf((i) => i % 2) } }
    const even = splitDataset(coarse, { validation: 20, train: 24, balanced: true })
    expect(even.splits.train.labels.filter((label) => label === 1)).toHaveLength(12)
    expect(even.splits.validation.images).toEqual(data.splits.validation.images)
    expect(even.id).toBe('abc train=24 validation=20 seed=0 balanced')
    expect(() => splitDataset(coarse, { validation: 20, train: 23, balanced: true })).toThrow(
      'set train to a multiple of 2',
    )
    const rare = { ...coarse, train: { ...dataset.train, labels: labelsOf((i) => (i < 5 ? 1 : 0)) } }
    expect(() => splitDataset(rare, { validation: 20, train: 30, balanced: true })).toThrow(/class 1 has \d; ask for/)
  })
})
