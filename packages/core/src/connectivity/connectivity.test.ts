/** Lines between linear networks against their formulas, statistics against PyTorch's `update_bn`, copies of one network. */
import { readFileSync } from 'node:fs'
import { createEngine, type Engine, tf } from '@winning-tickets/jit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  barrier,
  blobs,
  classificationTask,
  denseTicket,
  errorOf,
  initialise,
  initialWeights,
  instability,
  interpolate,
  lineOf,
  type Model,
  model,
  type Objective,
  type ParameterSpec,
  type RecipeInput,
  recipe,
  setEvaluator,
  sizeOf,
  statisticsMaker,
  statisticsTraceHash,
  stream,
  type Task,
  UserError,
  type Weights,
  walkLine,
} from '../index.js'
import { given, noise, worstError } from '../models/pytorch.testing.js'

let engine: Engine
beforeAll(async () => {
  engine = await createEngine()
})
afterAll(() => engine.dispose())

const statistics = { seed: 1, batchSize: 10, batches: 3 }

describe('a line', () => {
  test('has evenly spaced points and both ends, and gives the ends bit for bit', () => {
    expect(lineOf(3)).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(lineOf(30)).toHaveLength(32)
    const values = fc.float32Array({ minLength: 3, maxLength: 3, noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(values, values, (a, b) => {
        const bits = ({ w }: Weights) => [...w!].map((value) => (value === 0 ? 0 : value))
        expect(bits(interpolate({ w: a }, { w: b }, 1))).toEqual(bits({ w: a }))
        expect(bits(interpolate({ w: a }, { w: b }, 0))).toEqual(bits({ w: b }))
        for (const alpha of lineOf(30)) expect(bits(interpolate({ w: a }, { w: a }, alpha))).toEqual(bits({ w: a }))
      }),
    )
  })

  test('needs two networks of one kind, and points to look at', () => {
    const one = { w: Float32Array.of(1), v: Float32Array.of(1) }
    expect(() => interpolate(one, { w: Float32Array.of(1, 2) }, 0.5)).toThrow(/they differ in w, v/)
    expect(() => lineOf(0)).toThrow(UserError)
    expect(() => errorOf({ loss: 1 })).toThrow(/no accuracy/)
  })

  test('has a barrier from the mean of its ends to its highest point', () => {
    expect(barrier([0.1, 0.5, 0.3])).toBeCloseTo(0.3, 12)
    expect(barrier([0.2, 0.1, 0.2])).toBe(0)
    expect(barrier([0.2, 0.1, 0.4])).toBeCloseTo(0.1, 12)
  })
})

/** y = x U V, without biases: [inputs, hidden] and [hidden, 1]. */
function linearNetwork(inputs: number, hidden: number): Model {
  const layer = (name: string, shape: number[], output: boolean): ParameterSpec => ({
    name,
    shape,
    kind: 'dense',
    role: 'kernel',
    fanIn: shape[0]!,
    fanOut: shape[1]!,
    initializer: { kind: 'normal', std: 1 },
    trainable: true,
    prunable: true,
    output,
  })
  const parameters = [layer('u', [inputs, hidden], false), layer('v', [hidden, 1], true)]
  return {
    name: 'linear',
    config: { name: 'linear', inputs, hidden },
    inputShape: [inputs],
    parameters,
    init: (streams) => initialise(parameters, streams),
    apply: ({ u, v }, x) => ({ output: tf.matMul(tf.matMul(x as tf.Tensor2D, u as tf.Tensor2D), v as tf.Tensor2D) }),
  }
}

/** The squared error on `count` examples, by a graph; nothing trains. */
function regression(inputs: number, count: number, x: Float32Array, y: Float32Array): Task {
  const objective: Objective = {
    name: 'regression',
    config: { task: 'regression', inputs, count },
    batch: () => ({}),
    resident: {},
    state: () => ({}),
    loss: () => expect.unreachable(),
    evaluation: {
      batchSize: count,
      inputs: (examples) => ({
        x: { shape: [examples, inputs], dtype: 'float32' },
        y: { shape: [examples, 1], dtype: 'float32' },
        weights: { shape: [examples], dtype: 'float32' },
      }),
      run(network, parameters, { x, y }) {
        const { output } = network.apply(parameters, x as tf.Tensor, { training: false })
        return {
          loss: output
            .sub(y as tf.Tensor)
            .square()
            .sum(),
        }
      },
    },
  }
  return {
    objective,
    dataId: 'drawn',
    source: () => expect.unreachable(),
    evaluator: ({ model: network, engine: on }) =>
      setEvaluator({ model: network, engine: on, objective, count, arrays: { x, y } }),
  }
}

describe('two linear networks', () => {
  const [inputs, hidden, count] = [3, 2, 8]
  const network = linearNetwork(inputs, hidden)
  const x = stream(1, 'x').normals(count * inputs)
  const at = (u: ArrayLike<number>, v: ArrayLike<number>, row: number): number => {
    let sum = 0
    for (let i = 0; i < inputs; i++) {
      for (let j = 0; j < hidden; j++) sum += x[row * inputs + i]! * u[i * hidden + j]! * v[j]!
    }
    return sum
  }
  const [u, v] = [stream(1, 'u').normals(inputs * hidden), stream(1, 'v').normals(hidden)]
  const y = Float32Array.from({ length: count }, (_, row) => at(u, v, row))
  const task = regression(inputs, count, x, y)
  const walk = async (first: Weights, second: Weights) => {
    const line = await walkLine({ model: network, task, engine, first, second, splits: ['test'], statistics })
    return line.metrics.test!.map(({ loss }) => loss)
  }
  const negative = (values: Float32Array) => values.map((value) => -value)

  test('that are one function with opposite weights: (1 - (2 alpha - 1)^2)^2 times the mean of y^2', async () => {
    const square = y.reduce((sum, value) => sum + value * value, 0) / count
    const losses = await walk({ u, v }, { u: negative(u), v: negative(v) })
    for (const [i, alpha] of lineOf(30).entries()) {
      expect(Math.abs(losses[i]! - (1 - (2 * alpha - 1) ** 2) ** 2 * square)).toBeLessThan(1e-5 * square)
    }
    // Both ends are exact, and the points nearest to the middle are half a 31st from it.
    expect(barrier(losses) / ((1 - 1 / 31 ** 2) ** 2 * square)).toBeCloseTo(1, 5)
  })

  test('of any weights: the polynomial of degree 4 that the product of interpolated layers gives', async () => {
    const other = { u: stream(2, 'u').normals(inputs * hidden), v: stream(2, 'v').normals(hidden) }
    const losses = await walk({ u, v }, other)
    const cross = Array.from({ length: count }, (_, row) => at(u, other.v, row) + at(other.u, v, row))
    const expected = lineOf(30).map((a) => {
      let sum = 0
      for (let row = 0; row < count; row++) {
        const b = 1 - a
        sum += (a * a * y[row]! + a * b * cross[row]! + b * b * at(other.u, other.v, row) - y[row]!) ** 2
      }
      return sum / count
    })
    for (const [i, loss] of expected.entries()) expect(Math.abs(losses[i]! - loss)).toBeLessThan(1e-4)
    expect(barrier(losses)).toBeCloseTo(Math.max(...expected) - (expected[0]! + expected.at(-1)!) / 2, 4)
  })

  test('of one layer never rise above the chord: -alpha (1 - alpha) times the mean square of their difference', async () => {
    const second = { u, v: stream(3, 'v').normals(hidden) }
    const losses = await walk({ u, v }, second)
    const apart = v.map((value, i) => value - second.v[i]!)
    let square = 0
    for (let row = 0; row < count; row++) square += at(u, apart, row) ** 2 / count
    for (const [i, alpha] of lineOf(30).entries()) {
      const chord = alpha * losses.at(-1)! + (1 - alpha) * losses[0]!
      expect(Math.abs(losses[i]! - chord + alpha * (1 - alpha) * square)).toBeLessThan(1e-5 * square)
    }
    expect(barrier(losses)).toBeCloseTo(Math.abs(losses[0]! - losses.at(-1)!) / 2, 5)
  })
})

test('two logistic classifiers of opposite weights: cross-entropy of logits times 2 alpha - 1, error 1 - e beyond the middle', async () => {
  const data = blobs({ shape: [1], classes: 2, counts: { train: 20, validation: 20, test: 40 } })
  const network = model('lenet-300-100', { inputShape: [1], hidden: [], classes: 2 })
  const [slope, shift] = [3, 1.2]
  const kernel = Float32Array.of(slope, -slope)
  const bias = Float32Array.of(-shift, shift)
  const first = { 'fc1.kernel': kernel, 'fc1.bias': bias }
  const second = { 'fc1.kernel': kernel.map((w) => -w), 'fc1.bias': bias.map((w) => -w) }
  const { metrics } = await walkLine({
    model: network,
    task: classificationTask(data),
    engine,
    first,
    second,
    splits: ['test'],
    statistics,
  })
  const { images, labels, count } = data.splits.test
  const logit = (i: number) => (labels[i] === 0 ? 1 : -1) * ((slope * images[i]!) / 255 - shift)
  const right = images.reduce((sum, _, i) => sum + Number(logit(i) > 0), 0) / count
  for (const [i, alpha] of lineOf(30).entries()) {
    const scale = 2 * alpha - 1
    let loss = 0
    for (let j = 0; j < count; j++) loss += Math.log(1 + Math.exp(-2 * scale * logit(j))) / count
    const found = metrics.test![i]!
    expect(found.loss).toBeCloseTo(loss, 5)
    expect(errorOf(found)).toBeCloseTo(scale > 0 ? 1 - right : right, 5)
  }
  // One end's error and the other's add up to 1, so the barrier is the larger minus a half.
  expect(barrier(metrics.test!.map(errorOf))).toBeCloseTo(Math.abs(right - 0.5), 5)
})

describe('statistics', () => {
  const fixture = JSON.parse(
    readFileSync(new URL('../../fixtures/batch_statistics.json', import.meta.url), 'utf8'),
  ) as {
    readonly options: object
    readonly examples: number
    readonly batchSize: number
    readonly batches: readonly (readonly number[])[]
    readonly statistics: Readonly<Record<string, readonly number[]>>
  }
  const network = model('resnet-8', fixture.options)
  const weights = Object.fromEntries(network.parameters.map((parameter) => [parameter.name, given(parameter)]))
  const { examples, batchSize, batches } = fixture
  const size = sizeOf(network.inputShape)
  const images = Uint8Array.from(noise('bytes', examples * size), (value) => Math.floor((value + 1) * 128))
  const part = { images, labels: Uint8Array.from({ length: examples }, (_, i) => i % 10), count: examples }
  const task = classificationTask({
    name: 'fixture',
    shape: network.inputShape,
    classes: 10,
    splits: { train: part, validation: part, test: part },
    id: 'fixture',
  })
  /** The task with the fixture's batches in place of drawn ones, in blocks as they are asked for. */
  const fixed: Task = {
    ...task,
    source: (options) => ({
      ...task.source(options),
      kind: 'resident',
      resident: { images, labels: part.labels },
      batches: (from, steps) => ({ indices: Int32Array.from(batches.slice(from, from + steps).flat()) }),
    }),
  }
  const options = { model: network, task: fixed, engine, seed: 1, batchSize, batches: batches.length }

  test.each(['onnxruntime', 'tensorflow'] as const)("are those of PyTorch's update_bn, on %s", async (name) => {
    const on = await createEngine({ name })
    const made = await (await statisticsMaker({ ...options, engine: on }))(weights)
    for (const { name, trainable } of network.parameters) {
      if (trainable) expect(made[name]).toBe(weights[name])
      else expect(worstError(made[name]!, fixture.statistics[name]!)).toBeLessThan(1e-5)
    }
    await on.dispose()
  })

  test('do not depend on what they were, nor on how the batches are cut into calls', async () => {
    const many = { ...options, engine, task, batches: 25 }
    const make = await statisticsMaker(many)
    const made = await make(weights)
    const spoilt = network.parameters.map(({ name, trainable }) => [
      name,
      trainable ? weights[name]! : weights[name]!.map(() => 7),
    ])
    expect(await make(Object.fromEntries(spoilt))).toEqual(made)
    expect(await (await statisticsMaker({ ...many, seed: 2 }))(weights)).not.toEqual(made)
    const one = await Promise.all(
      Array.from({ length: 25 }, async (_, batch) => {
        const cut: Task = {
          ...task,
          source(given) {
            const source = task.source(given)
            if (source.kind !== 'resident') return expect.unreachable()
            return { ...source, batches: (from, steps) => source.batches(from + batch, steps) }
          },
        }
        return (await statisticsMaker({ ...many, task: cut, batches: 1 }))(weights)
      }),
    )
    const mean = made['bn1.mean']!.map((_, i) => one.reduce((sum, each) => sum + each['bn1.mean']![i]! / 25, 0))
    expect(worstError(made['bn1.mean']!, [...mean])).toBeLessThan(1e-5)
  })

  test('are no matter of networks without them; of others they have a graph of their own', async () => {
    const plain = model('lenet-300-100', { inputShape: [16], hidden: [6], classes: 4 })
    const blob = classificationTask(blobs())
    const same = await statisticsMaker({ ...options, engine, model: plain, task: blob })
    const initial = initialWeights(plain, 1)
    expect(await same(initial)).toBe(initial)
    expect(statisticsTraceHash({ model: plain, objective: blob.objective, batchSize: 5 })).toBeUndefined()
    const hash = (batchSize: number) => statisticsTraceHash({ model: network, objective: task.objective, batchSize })
    expect(hash(6)).toMatch(/^[0-9a-f]{64}$/)
    expect(hash(7)).not.toBe(hash(6))
    await expect(statisticsMaker({ ...options, engine, batches: 0 })).rejects.toThrow(/0 batches/)
  })
})

describe('instability analysis', () => {
  const network = model('lenet-300-100', { inputShape: [16], hidden: [10], classes: 4 })
  const given: RecipeInput = {
    optimizer: { name: 'sgd' },
    learningRate: 0.1,
    iterations: 30,
    batchSize: 20,
    evaluateEvery: 30,
  }
  const options = {
    model: network,
    task: classificationTask(blobs({ noise: 120 })),
    ticket: denseTicket(network, 1),
    recipe: recipe(given),
    points: 4,
  }

  test('finds no barrier between copies with one order, and two networks where the orders differ', async () => {
    const same = await instability({ ...options, engine, seeds: [3, 3] })
    expect(same.copies[0]).toEqual(same.copies[1])
    expect(barrier(same.line.metrics.test!.map(({ loss }) => loss))).toBe(0)
    const { copies, line } = await instability({ ...options, engine, seeds: [3, 4] })
    expect(copies[0].final.weights).not.toEqual(copies[1].final.weights)
    // The ends of the line are the copies themselves: there is nothing to normalise anew in this network.
    for (const split of ['train', 'test'] as const) {
      expect(line.metrics[split]!.at(-1)).toEqual(copies[0].final.metrics[split])
      expect(line.metrics[split]![0]).toEqual(copies[1].final.metrics[split])
    }
  })
})
