/** The trainer with tasks unlike classification: batches from the host, statistics, carried state. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, type Engine, tf } from '@winning-tickets/jit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  denseTicket,
  type HostFedSource,
  initialise,
  type Model,
  type Objective,
  type ParameterSpec,
  recipe,
  type StreamState,
  stream,
  type Task,
  type TrainOptions,
  train,
  type Weights,
} from '../index.js'

const folder = mkdtempSync(join(tmpdir(), 'tasks-'))
afterAll(() => rmSync(folder, { recursive: true }))
let engines: Engine[]
beforeAll(async () => {
  engines = [await createEngine(), await createEngine({ name: 'tensorflow' })]
})

const spec = (name: string, shape: number[], rest: Partial<ParameterSpec>): ParameterSpec => ({
  name,
  shape,
  kind: 'dense',
  role: 'kernel',
  fanIn: 3,
  fanOut: 1,
  initializer: { kind: 'normal', std: 1 },
  trainable: true,
  prunable: true,
  output: false,
  ...rest,
})

/** y = x w, and a statistic: the running mean of the inputs. */
function linear(withStatistic: boolean): Model {
  const statistic = spec('input.mean', [3], {
    kind: 'batchnorm',
    role: 'mean',
    initializer: { kind: 'constant', value: 0 },
    trainable: false,
    prunable: false,
  })
  const parameters = [spec('fc1.kernel', [3, 1], {}), ...(withStatistic ? [statistic] : [])]
  return {
    name: 'linear',
    config: { name: 'linear', withStatistic },
    inputShape: [3],
    parameters,
    init: (streams) => initialise(parameters, streams),
    apply: (weights, x) => ({
      output: tf.matMul(x as tf.Tensor2D, weights['fc1.kernel'] as tf.Tensor2D),
      ...(withStatistic && {
        statistics: { 'input.mean': weights['input.mean']!.mul(0.75).add(x.mean(0).mul(0.25)) },
      }),
    }),
  }
}

const teacher = [0.5, -2, 1]
const truth = (x: ArrayLike<number>, row: number): number =>
  teacher.reduce((sum, weight, i) => sum + weight * x[3 * row + i]!, 0)

const regression: Objective = {
  name: 'regression',
  config: { task: 'regression' },
  batch: (batchSize) => ({
    x: { shape: [batchSize, 3], dtype: 'float32' },
    y: { shape: [batchSize, 1], dtype: 'float32' },
  }),
  resident: {},
  state: () => ({}),
  loss({ model, parameters, batch }) {
    const { output, statistics } = model.apply(parameters, batch.x as tf.Tensor, { training: true })
    return {
      loss: output
        .sub(batch.y as tf.Tensor)
        .square()
        .mean(),
      statistics,
    }
  },
}

interface Ask {
  readonly iteration: number
  readonly steps: number
  readonly weight: number
}

/** Draws inputs as they are asked for, at most 3 steps at a time; remembers who asked. */
function drawingSource(batchSize: number, asked: Ask[]): HostFedSource {
  const draws = stream(1, 'inputs')
  return {
    kind: 'host-fed',
    async next({ iteration, steps: wanted, weights }) {
      const steps = Math.min(3, wanted)
      asked.push({ iteration, steps, weight: weights['fc1.kernel']![0]! })
      const x = draws.normals(steps * batchSize * 3)
      return { steps, batches: { x, y: Float32Array.from({ length: steps * batchSize }, (_, i) => truth(x, i)) } }
    },
    state: () => ({ json: { ...draws.state() } }),
    restore: ({ json }) => draws.restore(json as unknown as StreamState),
  }
}

/** Evaluates on the host: the squared distance to the teacher, which is the expected loss of normal inputs. */
const evaluator = async () => ({
  evaluate: async (weights: Weights) => ({
    loss: teacher.reduce((sum, weight, i) => sum + (weights['fc1.kernel']![i]! - weight) ** 2, 0),
  }),
})

describe('a host-fed source', () => {
  const model = linear(true)
  const recipeOf = recipe({
    optimizer: { name: 'sgd' },
    learningRate: 0.1,
    iterations: 40,
    batchSize: 8,
    evaluateEvery: 10,
  })

  function run(asked: Ask[], options: Partial<TrainOptions> = {}) {
    const task: Task = { objective: regression, dataId: 'drawn', source: () => drawingSource(8, asked), evaluator }
    return train({
      model,
      task,
      ticket: denseTicket(model, 2),
      recipe: recipeOf,
      seed: 1,
      engine: engines[0]!,
      ...options,
    })
  }

  test('is asked for each step once, with the weights of the moment, and the network learns', async () => {
    const asked: Ask[] = []
    const result = await run(asked, { keepAt: [3, 6, 20] })
    expect(result.earlyStop.metrics.test.loss).toBeLessThan(1e-3)
    expect(result.final.metrics.test.accuracy).toBeUndefined()
    expect(result.curves.validationAccuracy[1]).toBeNaN()
    let next = 0
    for (const { iteration, steps } of asked) {
      expect(iteration).toBe(next)
      next += steps
    }
    expect(next).toBe(40)
    for (const at of [3, 6, 20]) {
      const ask = asked.find(({ iteration }) => iteration === at)!
      expect(ask.weight).toBe(result.kept[at]!.weights['fc1.kernel']![0])
    }
  })

  test('resumes where it was, to the same bits', async () => {
    const path = join(folder, 'regression.safetensors')
    const controller = new AbortController()
    const onProgress: TrainOptions['onProgress'] = ({ iteration }) => iteration >= 17 && controller.abort()
    await expect(run([], { checkpoint: { path }, signal: controller.signal, onProgress })).rejects.toThrow()
    const asked: Ask[] = []
    expect(await run(asked, { checkpoint: { path } })).toEqual(await run([]))
    expect(asked[0]!.iteration).toBeGreaterThanOrEqual(17)
  })
})

describe('inside the step', () => {
  const steps = 5
  const inputs = stream(3, 'inputs').normals(steps * 2 * 3)
  const fixed = (objective: Objective, rows: number): Task => ({
    objective,
    dataId: 'fixed',
    source: () => ({
      kind: 'resident',
      resident: {},
      batches: (iteration, count) => {
        const x = inputs.slice(iteration * rows * 3, (iteration + count) * rows * 3)
        return { x, y: Float32Array.from({ length: count * rows }, (_, i) => truth(x, i)) }
      },
    }),
    evaluator,
  })
  const recipeOf = recipe({
    optimizer: { name: 'sgd', momentum: 0.9 },
    learningRate: 0.1,
    iterations: steps,
    batchSize: 2,
  })

  test('statistics are updated by their own rule, and no gradient or optimizer touches them', async () => {
    const model = linear(true)
    const expected = [0, 0, 0]
    for (let step = 0; step < steps; step++) {
      for (let i = 0; i < 3; i++) {
        const mean = (inputs[step * 6 + i]! + inputs[step * 6 + 3 + i]!) / 2
        expected[i] = 0.75 * expected[i]! + 0.25 * mean
      }
    }
    for (const engine of engines) {
      const task = fixed(regression, 2)
      const { final } = await train({ model, task, ticket: denseTicket(model, 2), recipe: recipeOf, seed: 1, engine })
      for (let i = 0; i < 3; i++) expect(Math.abs(final.weights['input.mean']![i]! - expected[i]!)).toBeLessThan(1e-6)
      expect(Object.keys(final.optimizer.slots.momentum!)).toEqual(['fc1.kernel'])
      expect(final.weights['fc1.kernel']).not.toEqual(denseTicket(model, 2).weights['fc1.kernel'])
    }
  })

  test('carried state goes from step to step', async () => {
    // h <- h / 2 + mean(y), and the loss is (mean(x w) - h)^2 with the h from before.
    const recurrent: Objective = {
      ...regression,
      config: { task: 'recurrent' },
      state: () => ({ h: { shape: [], dtype: 'float32' } }),
      loss({ model, parameters, batch, state }) {
        const { output } = model.apply(parameters, batch.x as tf.Tensor, { training: true })
        const h = state.h!
        return {
          loss: output.mean().sub(h).square() as tf.Scalar,
          state: { h: h.mul(0.5).add((batch.y as tf.Tensor).mean()) },
        }
      },
    }
    const model = linear(false)
    const start = denseTicket(model, 2)
    const w = [...start.weights['fc1.kernel']!]
    const velocity = [0, 0, 0]
    let h = 0
    const losses: number[] = []
    for (let step = 0; step < steps; step++) {
      const x = inputs.slice(step * 6, step * 6 + 6)
      const mean = w.map((_, i) => (x[i]! + x[3 + i]!) / 2)
      const error = w.reduce((sum, weight, i) => sum + weight * mean[i]!, 0) - h
      losses.push(error ** 2)
      for (let i = 0; i < 3; i++) {
        velocity[i] = 0.9 * velocity[i]! + 2 * error * mean[i]!
        w[i]! -= 0.1 * velocity[i]!
      }
      h = h / 2 + (truth(x, 0) + truth(x, 1)) / 2
    }
    for (const engine of engines) {
      const task = fixed(recurrent, 2)
      const { final, curves } = await train({ model, task, ticket: start, recipe: recipeOf, seed: 1, engine })
      for (let i = 0; i < 3; i++) expect(Math.abs(final.weights['fc1.kernel']![i]! - w[i]!)).toBeLessThan(1e-5)
      const mean = losses.reduce((a, b) => a + b) / steps
      expect(Math.abs(curves.trainLoss[1]! - mean)).toBeLessThan(1e-5 * (1 + mean))
    }
  })
})
