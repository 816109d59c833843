/** Update rules against torch.optim (fixtures/make_optimizers.py), and masked weights that stay zero (trap T6). */
import { readFileSync } from 'node:fs'
import { createEngine, type Engine, type StepFunction, type TensorTree, type tf } from '@winning-tickets/jit'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileTraining } from '../compile/index.js'
import { maskedTicket } from '../index.js'
import { model } from '../models/index.js'
import { stream, streams, within } from '../random/index.js'
import { classificationTask } from '../tasks/index.js'
import { blobs } from '../testing/index.js'
import { type OptimizerConfig, optimizer, type RecipeInput, recipe } from './index.js'

interface Case {
  readonly name: 'sgd' | 'adam'
  readonly options: {
    readonly lr: number
    readonly betas?: [number, number]
    readonly eps?: number
    readonly momentum?: number
    readonly nesterov?: boolean
    readonly weight_decay?: number
  }
  readonly weights: number[][]
}
const fixture: { readonly initial: number[]; readonly gradients: number[][]; readonly cases: Case[] } = JSON.parse(
  readFileSync(new URL('../../fixtures/optimizers.json', import.meta.url), 'utf8'),
)

let engines: Engine[]
beforeAll(async () => {
  engines = [await createEngine({ name: 'onnxruntime' }), await createEngine({ name: 'tensorflow' })]
})

const config = (given: RecipeInput['optimizer']): OptimizerConfig =>
  recipe({ optimizer: given, learningRate: 1, iterations: 1, batchSize: 1 }).optimizer

function configOf({ name, options }: Case): OptimizerConfig {
  const weightDecay = options.weight_decay
  if (name === 'sgd') return config({ name, momentum: options.momentum, nesterov: options.nesterov, weightDecay })
  return config({ name, beta1: options.betas?.[0], beta2: options.betas?.[1], epsilon: options.eps, weightDecay })
}

test.each(fixture.cases)('$name with $options is the one of torch', async (given) => {
  const rule = optimizer(configOf(given))
  const size = fixture.initial.length
  const vector = { shape: [size], dtype: 'float32' } as const
  const scalars = given.weights.map((_, i) => rule.scalars(given.options.lr * (i >= 10 ? 0.1 : 1), i + 1))
  const step: StepFunction = ({ carry, each }) => {
    const { weight, slots } = rule.update(
      carry.weight as tf.Tensor,
      each.gradient as tf.Tensor,
      (carry.slots ?? {}) as Record<string, tf.Tensor>,
      each.scalars as Record<string, tf.Scalar>,
    )
    return { carry: { weight, slots: slots as TensorTree }, out: { weight } }
  }
  const names = Object.keys(scalars[0]!)
  for (const engine of engines) {
    const loop = await engine.compileLoop(step, {
      carry: { weight: vector, slots: Object.fromEntries(rule.slots.map((slot) => [slot, vector])) },
      each: {
        gradient: vector,
        scalars: Object.fromEntries(names.map((name) => [name, { shape: [], dtype: 'float32' }])),
      },
      resident: {},
    })
    const { out } = await loop.run(
      {
        carry: {
          weight: Float32Array.from(fixture.initial),
          slots: Object.fromEntries(rule.slots.map((slot) => [slot, new Float32Array(size)])),
        },
        each: {
          gradient: Float32Array.from(fixture.gradients.flat()),
          scalars: Object.fromEntries(names.map((name) => [name, Float32Array.from(scalars, (s) => s[name]!)])),
        },
        resident: {},
      },
      given.weights.length,
    )
    for (const [i, expected] of given.weights.flat().entries()) {
      expect(Math.abs((out.weight as Float32Array)[i]! - expected)).toBeLessThan(1e-6 * (1 + Math.abs(expected)))
    }
  }
})

describe('under a mask', () => {
  const network = model('lenet-300-100', { inputShape: [16], hidden: [6], classes: 4 })
  const task = classificationTask(blobs())
  const optimizers: OptimizerConfig[] = [
    config({ name: 'sgd' }),
    config({ name: 'sgd', momentum: 0.9, weightDecay: 0.1 }),
    config({ name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
    config({ name: 'adam' }),
    config({ name: 'adam', weightDecay: 0.1 }),
  ]

  test.each(optimizers)(
    'weights and slots of $name are exactly zero after every step, the others move',
    async (rule) => {
      const loop = await compileTraining(engines[0]!, {
        model: network,
        objective: task.objective,
        optimizer: rule,
        batchSize: 8,
        masked: true,
      })
      const { slots: slotNames, scalars } = optimizer(rule)
      const property = fc.asyncProperty(fc.nat(), fc.constantFrom(0, 0.1, 0.5, 1), async (seed, density) => {
        const mask = Object.fromEntries(
          ['fc1.kernel', 'fc2.kernel'].map((name) => [
            name,
            stream(seed, name).flags(name === 'fc1.kernel' ? 96 : 24, density),
          ]),
        )
        const initial = network.init(within(streams(seed), 'init'))
        const ticket = maskedTicket(network, { mask, weights: initial, step: 0, provenance: {} })
        const zeros = Object.fromEntries(
          network.parameters.map(({ name }) => [name, new Float32Array(initial[name]!.length)]),
        )
        const source = task.source({ model: network, engine: engines[0]!, streams: streams(seed), batchSize: 8 })
        if (source.kind !== 'resident') throw new Error('the blobs are resident')
        let carry: Parameters<typeof loop.run>[0]['carry'] = {
          parameters: ticket.weights,
          slots: Object.fromEntries(slotNames.map((slot) => [slot, zeros])),
          state: {},
        }
        for (let step = 0; step < 4; step++) {
          const numbers = Object.entries(scalars(0.05, step + 1))
          const next = await loop.run(
            {
              carry,
              each: {
                scalars: Object.fromEntries(numbers.map(([name, value]) => [name, Float32Array.of(value)])),
                batch: source.batches(step, 1),
              },
              resident: {
                data: source.resident,
                masks: Object.fromEntries(
                  Object.entries(mask).map(([name, flags]) => [name, Float32Array.from(flags)]),
                ),
              },
            },
            1,
          )
          carry = next.carry
          const held = carry as {
            parameters: Record<string, Float32Array>
            slots?: Record<string, Record<string, Float32Array>>
          }
          for (const [name, flags] of Object.entries(mask)) {
            for (const values of [held.parameters, ...Object.values(held.slots ?? {})]) {
              expect(values[name]!.every((value, i) => flags[i] === 1 || value === 0)).toBe(true)
            }
            if (density === 1) expect(held.parameters[name]).not.toEqual(ticket.weights[name])
          }
        }
      })
      await fc.assert(property, { numRuns: 12 })
    },
  )
})
