/** Trap T6 on convolutions: under every optimizer, after every step, what a mask removed is exactly zero. */
import { createEngine, type Engine } from '@winning-tickets/jit'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileTraining } from '../compile/index.js'
import {
  blobs,
  classificationTask,
  type Model,
  maskedTicket,
  model,
  type OptimizerConfig,
  optimizer,
  prunableParameters,
  type RecipeInput,
  recipe,
  sizeOf,
  stream,
  streams,
  within,
} from '../index.js'

let engine: Engine
beforeAll(async () => {
  engine = await createEngine()
})

const config = (given: RecipeInput['optimizer']): OptimizerConfig =>
  recipe({ optimizer: given, learningRate: 1, iterations: 1, batchSize: 1 }).optimizer
const optimizers: OptimizerConfig[] = [
  config({ name: 'sgd' }),
  config({ name: 'sgd', weightDecay: 0.1 }),
  config({ name: 'sgd', momentum: 0.9, weightDecay: 0.1 }),
  config({ name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
  config({ name: 'adam' }),
  config({ name: 'adam', weightDecay: 0.1 }),
]

const image = { inputShape: [8, 8, 3] as [number, number, number], classes: 4 }
/** With biases and dense layers; with batch norm, shortcuts and an output layer that no mask covers. */
const networks: Model[] = [
  model('conv-2', { ...image, widthMultiplier: 1 / 32 }),
  model('resnet-8', { ...image, width: 2, prunable: 'convolutions' }),
]
const task = classificationTask(blobs({ shape: [8, 8, 3], counts: { train: 40, validation: 4, test: 4 } }), {
  augment: { pad: 1 },
})
const BATCH = 8
const STEPS = 3

type Named = Readonly<Record<string, Float32Array>>

describe.each(networks)('$name', (network) => {
  test.each(optimizers)('under %j: weights, gradients and moments of removed weights are zero', async (rule) => {
    const step = { model: network, objective: task.objective, optimizer: rule, batchSize: BATCH, masked: true }
    const loop = await compileTraining(engine, step)
    const { slots, scalars } = optimizer(rule)
    const source = task.source({ model: network, engine, streams: streams(1), batchSize: BATCH })
    if (source.kind !== 'resident') return expect.unreachable()
    const { resident: images, batches } = source
    const trainable = network.parameters.filter((parameter) => parameter.trainable)
    const zeros = (): Named =>
      Object.fromEntries(trainable.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]))

    async function stay(seed: number, density: number): Promise<void> {
      const mask = Object.fromEntries(
        prunableParameters(network).map(({ name, shape }) => [name, stream(seed, name).flags(sizeOf(shape), density)]),
      )
      const weights = network.init(within(streams(seed), 'init'))
      const start = maskedTicket(network, { mask, weights, step: 0, provenance: {} }).weights
      const masks = Object.fromEntries(Object.entries(mask).map(([name, kept]) => [name, Float32Array.from(kept)]))
      let carry: Parameters<typeof loop.run>[0]['carry'] = {
        parameters: start,
        slots: Object.fromEntries(slots.map((slot) => [slot, zeros()])),
        state: {},
      }
      for (let i = 0; i < STEPS; i++) {
        const numbers = Object.entries(scalars(0.05, i + 1))
        const each = {
          scalars: Object.fromEntries(numbers.map(([name, value]) => [name, Float32Array.of(value)])),
          batch: batches(i, 1),
        }
        carry = (await loop.run({ carry, each, resident: { data: images, masks } }, 1)).carry
        const held = carry as { parameters: Named; slots?: Readonly<Record<string, Named>> }
        // Plain SGD's step is the gradient, momentum and moments begin with it: zero here means that it was zero, too.
        for (const [name, kept] of Object.entries(mask)) {
          for (const values of [held.parameters, ...Object.values(held.slots ?? {})]) {
            expect(values[name]!.every((value, at) => kept[at] === 1 || value === 0)).toBe(true)
          }
        }
      }
      const { parameters } = carry as { parameters: Named }
      const moved = trainable.filter(({ name }) => parameters[name]!.some((value, at) => value !== start[name]![at]))
      if (density === 0.9) expect(moved.length).toBeGreaterThan(trainable.length / 2)
    }

    await fc.assert(fc.asyncProperty(fc.nat(), fc.constantFrom(0, 0.3, 0.6, 0.9), stay), { numRuns: 8 })
  })
})
