/** Every family against PyTorch's own modules: sizes, costs, outputs, statistics and gradients (fixtures/make_models.py). */
import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { createEngine } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileTraining } from '../compile/index.js'
import { maskWeights } from '../masks/index.js'
import { recipe } from '../recipes/index.js'
import { classificationObjective, crossEntropy } from '../tasks/index.js'
import {
  forwardFlops,
  type Model,
  type ModelName,
  model,
  modelNames,
  type ParameterSpec,
  prunableParameters,
  sizeOf,
  type TensorRecord,
  type Weights,
} from './index.js'

interface Narrow {
  readonly name: ModelName
  readonly options: object
  readonly labels: readonly number[]
  readonly evaluation: readonly number[][]
  readonly training: readonly number[][]
  readonly statistics: Readonly<Record<string, readonly number[]>>
  /** Sum and norm. */
  readonly gradients: Readonly<Record<string, readonly [number, number]>>
}

interface Counts {
  readonly kernels: number
  readonly trained: number
  readonly statistics: number
  readonly multiplyAdds: number
}

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/models.json', import.meta.url), 'utf8')) as {
  readonly full: Readonly<Record<ModelName, Counts>>
  readonly narrow: readonly Narrow[]
  readonly run: {
    readonly options: object
    readonly examples: number
    readonly batchSize: number
    readonly steps: number
    readonly learningRate: number
    readonly momentum: number
    readonly weightDecay: number
    readonly losses: readonly number[]
    readonly statistics: Readonly<Record<string, readonly number[]>>
    readonly evaluation: readonly number[][]
  }
}

const count = (network: Model, which: (parameter: ParameterSpec) => boolean): number =>
  network.parameters.filter(which).reduce((sum, { shape }) => sum + sizeOf(shape), 0)

const convolutional = modelNames.filter((name) => name !== 'lenet-300-100')

test.each(convolutional)('sizes and cost of %s', (name) => {
  const network = model(name)
  expect({
    kernels: count(network, ({ role }) => role === 'kernel'),
    trained: count(network, ({ trainable }) => trainable),
    statistics: count(network, ({ trainable }) => !trainable),
    multiplyAdds: forwardFlops(network).dense / 2,
  }).toEqual(fixture.full[name])
})

/**
 * `count` numbers in [-1, 1) that depend on the name and their index only, by 32-bit integer arithmetic; `noise` of
 * fixtures/make_models.py makes the same.
 */
function noise(name: string, count: number): Float64Array {
  let seed = 0
  for (const character of name) seed = (Math.imul(seed, 31) + character.charCodeAt(0)) >>> 0
  return Float64Array.from({ length: count }, (_, i) => {
    let x = (Math.imul(i, 2654435761) + seed) >>> 0
    for (const multiplier of [2246822519, 3266489917]) x = Math.imul(x ^ (x >>> 15), multiplier) >>> 0
    return ((x ^ (x >>> 13)) >>> 0) / 2 ** 31 - 1
  })
}

/** As in the Python: kernels of variance 2 / fan-in, everything else near what it starts at. */
function given({ name, role, shape, fanIn }: ParameterSpec): Float32Array {
  const values = noise(name, sizeOf(shape))
  const centre = role === 'scale' || role === 'variance' ? 1 : 0
  const value = (x: number): number => (role === 'kernel' ? x * Math.sqrt(6 / fanIn) : centre + 0.3 * x)
  return Float32Array.from(values, value)
}

/** All within a fraction of the largest magnitude expected. */
function expectClose(actual: tf.Tensor, expected: readonly number[] | readonly number[][], tolerance: number): void {
  const flat = expected.flat()
  const scale = Math.max(...flat.map(Math.abs))
  const values = [...actual.dataSync()]
  expect(values.length).toBe(flat.length)
  const worst = Math.max(...values.map((value, i) => Math.abs(value - flat[i]!)))
  expect(worst / scale).toBeLessThan(tolerance)
}

describe.each(fixture.narrow.map((narrow) => [`${narrow.name} ${JSON.stringify(narrow.options)}`, narrow] as const))(
  '%s',
  (_, { name, options, labels, ...expected }) => {
    beforeAll(() => tf.setBackend('cpu'))
    const network = (model as (name: ModelName, options: object) => Model)(name, options)
    const weights = (): TensorRecord =>
      Object.fromEntries(
        network.parameters.map((parameter) => [parameter.name, tf.tensor(given(parameter), [...parameter.shape])]),
      )
    const images = (): tf.Tensor => {
      const shape = [labels.length, ...network.inputShape]
      return tf.tensor(Float32Array.from(noise('images', sizeOf(shape))), shape)
    }

    test('evaluation mode', () => {
      const { output, statistics } = network.apply(weights(), images(), { training: false })
      expectClose(output, expected.evaluation, 1e-5)
      expect(statistics).toBeUndefined()
    })

    test('training mode, with new statistics', () => {
      const { output, statistics = {} } = network.apply(weights(), images(), { training: true })
      expectClose(output, expected.training, 1e-5)
      expect(Object.keys(statistics).sort()).toEqual(Object.keys(expected.statistics).sort())
      for (const [key, values] of Object.entries(expected.statistics)) expectClose(statistics[key]!, values, 1e-5)
    })

    test('gradients', () => {
      const all = weights()
      const names = network.parameters.filter(({ trainable }) => trainable).map((parameter) => parameter.name)
      expect([...names].sort()).toEqual(Object.keys(expected.gradients).sort())
      const target = tf.oneHot([...labels], network.classes!).cast('float32') as tf.Tensor2D
      const { grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
        const trained = Object.fromEntries(names.map((key, i) => [key, tensors[i]!]))
        const { output } = network.apply({ ...all, ...trained }, images(), { training: true })
        return crossEntropy(output as tf.Tensor2D, target).mean()
      })(names.map((key) => all[key]!))
      for (const [i, key] of names.entries()) {
        const [sum, norm] = expected.gradients[key]!
        const gradient = grads[i]!
        // The sum of n numbers of norm 1 may reach sqrt(n), and errors grow with it.
        expect(Math.abs(gradient.sum().dataSync()[0]! - sum)).toBeLessThan(1e-5 * norm * Math.sqrt(gradient.size))
        expect(Math.abs(gradient.norm().dataSync()[0]! / norm - 1)).toBeLessThan(2e-5)
      }
    })
  },
)

test('five steps of SGD under a mask: losses, statistics and what the network has become', async () => {
  const { options, examples, batchSize, steps, learningRate, losses, ...expected } = fixture.run
  const network = model('resnet-8', options)
  const { optimizer } = recipe({
    optimizer: { name: 'sgd', momentum: expected.momentum, weightDecay: expected.weightDecay },
    learningRate,
    iterations: steps,
    batchSize,
  })
  const objective = classificationObjective({ shape: network.inputShape, classes: 10, examples })
  const engine = await createEngine({ name: 'tensorflow' })
  const loop = await compileTraining(engine, { model: network, objective, optimizer, batchSize, masked: true })

  const masks = Object.fromEntries(
    prunableParameters(network).map(({ name, shape }) => [
      name,
      Uint8Array.from(noise(`mask.${name}`, sizeOf(shape)), (x) => Number(x > 0)),
    ]),
  )
  const weights = Object.fromEntries(network.parameters.map((parameter) => [parameter.name, given(parameter)]))
  const momentum = Object.fromEntries(
    network.parameters
      .filter(({ trainable }) => trainable)
      .map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]),
  )
  const bytes = Uint8Array.from(noise('bytes', examples * sizeOf(network.inputShape)), (x) => Math.floor((x + 1) * 128))
  const { carry, out } = await loop.run(
    {
      carry: { parameters: maskWeights(weights, masks), slots: { momentum }, state: {} },
      each: {
        scalars: { learningRate: new Float32Array(steps).fill(learningRate) },
        batch: { indices: Int32Array.from({ length: steps * batchSize }, (_, i) => i % examples) },
      },
      resident: {
        data: { images: bytes, labels: Uint8Array.from({ length: examples }, (_, i) => i % 10) },
        masks: Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, Float32Array.from(mask)])),
      },
    },
    steps,
  )
  for (const [step, loss] of (out.loss as Float32Array).entries()) {
    expect(Math.abs(loss / losses[step]! - 1)).toBeLessThan(1e-5)
  }
  const trained = carry.parameters as Weights
  for (const [name, values] of Object.entries(expected.statistics)) {
    expectClose(tf.tensor(trained[name]!), values, 1e-5)
  }
  const tensors = Object.fromEntries(
    network.parameters.map(({ name, shape }) => [name, tf.tensor(trained[name]!, [...shape])]),
  )
  const images = tf.tensor(
    Float32Array.from(bytes, (byte) => byte / 255),
    [examples, ...network.inputShape],
  )
  expectClose(network.apply(tensors, images, { training: false }).output, expected.evaluation, 2e-5)
})
