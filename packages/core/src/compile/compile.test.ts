/** Trace hashes tell configurations apart that compute different things, and only those; graphs are compiled once. */
import { createEngine, type Engine, type TensorSpec, type tf } from '@winning-tickets/jit'
import { expect, test } from 'vitest'
import { classificationObjective, model, type RecipeInput, recipe } from '../index.js'
import {
  compiledOnce,
  compileEvaluation,
  compileTraining,
  stepSignature,
  trainStep,
  trainTraceHashes,
} from './index.js'

const network = model('lenet-300-100', { inputShape: [16], hidden: [8], classes: 4 })
const objective = classificationObjective({ shape: [16], classes: 4, examples: 100 })
const adam: RecipeInput = { optimizer: { name: 'adam' }, learningRate: 0.1, iterations: 5, batchSize: 10 }
const hashes = (given: Partial<RecipeInput> = {}, masked = false, task = objective, net = network) =>
  trainTraceHashes({ model: net, objective: task, recipe: recipe({ ...adam, ...given }), masked })

test('what the host computes is not in the graph', () => {
  expect(hashes({ learningRate: 1, iterations: 9, warmup: 3, evaluateEvery: 7 })).toEqual(hashes())
})

test('update rule, mask, batch size, model and normalisation are', () => {
  const normalised = classificationObjective({ shape: [16], classes: 4, examples: 100 }, { mean: [0.5] })
  const wider = model('lenet-300-100', { inputShape: [16], hidden: [9], classes: 4 })
  const all = [
    hashes(),
    hashes({}, true),
    hashes({ batchSize: 11 }),
    hashes({ optimizer: { name: 'adam', beta1: 0.8 } }),
    hashes({ optimizer: { name: 'adam', weightDecay: 0.1 } }),
    hashes({ optimizer: { name: 'sgd' } }),
    hashes({ optimizer: { name: 'sgd', momentum: 0.9 } }),
    hashes({ optimizer: { name: 'sgd', momentum: 0.9, nesterov: true } }),
    hashes({}, false, normalised),
    hashes({}, false, objective, wider),
  ]
  expect(new Set(all.map(({ train }) => train)).size).toBe(all.length)
  // Evaluation knows neither the optimizer, nor the mask, nor the batch size.
  expect(new Set(all.slice(0, 8).map(({ evaluate }) => evaluate)).size).toBe(1)
  expect(new Set(all.map(({ evaluate }) => evaluate)).size).toBe(3)
})

test('they are the hashes of what an engine runs', async () => {
  const engine = await createEngine()
  const { optimizer, batchSize } = recipe(adam)
  const config = { model: network, objective, optimizer, batchSize, masked: true }
  expect((await compileTraining(engine, config)).traceHash).toBe(hashes({}, true).train)
  expect((await compileEvaluation(engine, network, objective)).traceHash).toBe(hashes().evaluate)
  const loop = await engine.compileLoop(trainStep(config), stepSignature(config))
  expect(loop.traceHash).toBe(hashes({}, true).train)
})

test('an engine compiles a configuration once, and tries again after a failure', async () => {
  const real = await createEngine()
  let calls = 0
  const engine: Engine = {
    ...real,
    compileLoop: (step, signature) => {
      calls++
      return calls === 1 ? Promise.reject(new Error('no memory')) : real.compileLoop(step, signature)
    },
  }
  const config = { model: network, objective, optimizer: recipe(adam).optimizer, batchSize: 10, masked: false }
  await expect(compileTraining(engine, config)).rejects.toThrow('no memory')
  const first = await compileTraining(engine, config)
  expect(await compileTraining(engine, { ...config })).toBe(first)
  expect(calls).toBe(2)
  await compileTraining(engine, { ...config, batchSize: 11 })
  expect(calls).toBe(3)
})

test('the graph unused for longest gives way to a thirteenth, and serves on who holds it', async () => {
  const engine = await createEngine()
  let made = 0
  const get = (inputs: number) =>
    compiledOnce(engine, String(inputs), () => {
      made++
      return engine.compile(({ x }) => ({ y: (x as tf.Tensor).square() }), { x: { shape: [inputs], dtype: 'float32' } })
    })
  const [first, second] = [await get(1), await get(2)]
  for (let inputs = 3; inputs <= 12; inputs++) await get(inputs)
  expect(await get(1)).toBe(first)
  await get(13)
  expect(made).toBe(13)
  expect(await get(1)).toBe(first)
  expect(await get(2)).not.toBe(second)
  expect(await second.run({ x: Float32Array.of(2, 3) })).toEqual({ y: Float32Array.of(4, 9) })
  await engine.dispose()
})

test('a set that fills no batch is evaluated in one of its own size', async () => {
  const engine = await createEngine()
  const batchOf = async (count?: number) => {
    const { inputs } = await compileEvaluation(engine, network, objective, count)
    return (inputs.inputs as Record<string, TensorSpec>).weights!.shape
  }
  expect([await batchOf(), await batchOf(1001), await batchOf(60)]).toEqual([[1000], [1000], [60]])
})
