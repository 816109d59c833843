/** Every family against PyTorch's own modules, in float64: sizes, costs, outputs, derivatives (fixtures/make_models.py). */
import { readFileSync } from 'node:fs'
import { createEngine, type HostTree, type TensorFunction, tf } from '@winning-tickets/jit'
import { describe, expect, test } from 'vitest'
import { compileTraining } from '../compile/index.js'
import { maskWeights } from '../masks/index.js'
import { recipe } from '../recipes/index.js'
import { classificationObjective } from '../tasks/index.js'
import { functionsOf, inputsOf, signatureOf } from './derivatives.testing.js'
import {
  forwardFlops,
  type Model,
  type ModelName,
  model,
  modelNames,
  type ParameterSpec,
  prunableParameters,
  sizeOf,
  type Weights,
} from './index.js'
import { given, noise, worstError } from './pytorch.testing.js'

interface Narrow {
  readonly name: ModelName
  readonly options: object
  readonly labels: readonly number[]
  readonly evaluation: readonly number[][]
  readonly training: readonly number[][]
  readonly statistics: Readonly<Record<string, readonly number[]>>
  readonly gradients: Readonly<Record<string, SumAndNorm>>
  /** The Hessian of the loss times the directions `noise('direction.' + name)`. */
  readonly curvature: Readonly<Record<string, SumAndNorm>>
}
type SumAndNorm = readonly [number, number]

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

/** All within a fraction of the largest magnitude expected. */
function expectClose(actual: ArrayLike<number>, expected: readonly number[] | readonly number[][], tolerance: number) {
  const flat = expected.flat()
  expect(actual.length).toBe(flat.length)
  expect(worstError(actual, flat)).toBeLessThan(tolerance)
}

/** Each tensor's sum and norm; a sum of n numbers of norm 1 may reach sqrt(n), and errors grow with it. */
function expectSums(actual: Weights, expected: Readonly<Record<string, SumAndNorm>>, tolerance: number): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort())
  for (const [name, [sum, norm]] of Object.entries(expected)) {
    const values = actual[name]!
    const found = values.reduce((total, value) => total + value, 0)
    expect(Math.abs(found - sum), name).toBeLessThanOrEqual(tolerance * norm * Math.sqrt(values.length))
    expect(Math.abs(Math.hypot(...values) - norm), name).toBeLessThanOrEqual(tolerance * norm)
  }
}

const engines = ['onnxruntime', 'tensorflow'] as const

describe.each(fixture.narrow.map((narrow) => [`${narrow.name} ${JSON.stringify(narrow.options)}`, narrow] as const))(
  '%s',
  (_, { name, options, labels, ...expected }) => {
    const network = (model as (name: ModelName, options: object) => Model)(name, options)
    const { outputs, gradients, curvature } = functionsOf(network)

    async function run(engineName: (typeof engines)[number], fn: TensorFunction): Promise<HostTree> {
      const engine = await createEngine({ name: engineName })
      const graph = await engine.compile(fn, signatureOf(network, labels.length))
      const found = await graph.run(inputsOf(network, labels))
      await engine.dispose()
      return found
    }

    test.each(engines)('outputs in both modes, and new statistics, on %s', async (engine) => {
      const found = await run(engine, outputs)
      expectClose(found.evaluation as Float32Array, expected.evaluation, 1e-5)
      expectClose(found.training as Float32Array, expected.training, 1e-5)
      // A branch without tensors does not come back.
      const statistics = (found.statistics ?? {}) as Weights
      expect(Object.keys(statistics).sort()).toEqual(Object.keys(expected.statistics).sort())
      for (const [key, values] of Object.entries(expected.statistics)) expectClose(statistics[key]!, values, 1e-5)
    })

    test.each(engines)('gradients on %s', async (engine) => {
      expectSums((await run(engine, gradients)) as Weights, expected.gradients, 2e-5)
    })

    // On the `cpu` backend too, but there it takes up to 20 seconds a network.
    test('Hessian-vector product on onnxruntime', async () => {
      expectSums((await run('onnxruntime', curvature)) as Weights, expected.curvature, 1e-4)
    })
  },
)

test.each(engines)('five steps of SGD under a mask, on %s', async (name) => {
  const { options, examples, batchSize, steps, learningRate, losses, ...expected } = fixture.run
  const network = model('resnet-8', options)
  const { optimizer } = recipe({
    optimizer: { name: 'sgd', momentum: expected.momentum, weightDecay: expected.weightDecay },
    learningRate,
    iterations: steps,
    batchSize,
  })
  const objective = classificationObjective({ shape: network.inputShape, classes: 10, examples })
  const engine = await createEngine({ name })
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
    expectClose(trained[name]!, values, 1e-5)
  }
  const tensors = Object.fromEntries(
    network.parameters.map(({ name, shape }) => [name, tf.tensor(trained[name]!, [...shape])]),
  )
  const images = tf.tensor(
    Float32Array.from(bytes, (byte) => byte / 255),
    [examples, ...network.inputShape],
  )
  const { output } = network.apply(tensors, images, { training: false })
  expectClose(output.dataSync(), expected.evaluation, 2e-5)
  await engine.dispose()
})
