/** Training: it learns, on both engines alike; what is evaluated when; errors. */
import { createEngine, type Engine } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  classificationTask,
  denseTicket,
  type Model,
  model,
  type RecipeInput,
  recipe,
  type TrainOptions,
  train,
  UserError,
} from '../index.js'
import { blobs } from '../testing/index.js'

const network: Model = model('lenet-300-100', { inputShape: [16], hidden: [20], classes: 4 })
const task = classificationTask(blobs())
const short: RecipeInput = { optimizer: { name: 'adam' }, learningRate: 2e-3, iterations: 250, batchSize: 20 }
const ticket = denseTicket(network, 1)
let engine: Engine
let reference: Engine
beforeAll(async () => {
  engine = await createEngine({ name: 'onnxruntime' })
  reference = await createEngine({ name: 'tensorflow' })
})

const run = (given: Partial<RecipeInput> = {}, options: Partial<TrainOptions> = {}) =>
  train({ model: network, task, ticket, recipe: recipe({ ...short, ...given }), seed: 1, engine, ...options })

test('a tiny network learns, and both engines agree', async () => {
  const result = await run()
  expect(result.final.metrics.test.accuracy).toBeGreaterThan(0.9)
  expect([...result.curves.iteration]).toEqual([0, 100, 200, 250])
  expect(result.curves.trainLoss[0]).toBeNaN()
  expect(result.density).toMatchObject({ prunable: 16 * 20 + 20 * 4, kept: 400, parameters: 424, density: 1 })

  const eager = await run({}, { engine: reference })
  for (const [i, loss] of eager.curves.validationLoss.entries()) {
    expect(Math.abs(result.curves.validationLoss[i]! - loss)).toBeLessThan(1e-4 * loss)
  }
})

test('the early-stop iteration is the first minimum of the validation loss, with the weights it had', async () => {
  const overfits = blobs({ noise: 150, counts: { train: 40, validation: 60, test: 60 } })
  const noisy = classificationTask(overfits)
  const { earlyStop, curves } = await run({ learningRate: 0.02, evaluateEvery: 10, iterations: 200 }, { task: noisy })
  const losses = [...curves.validationLoss]
  const best = losses.indexOf(Math.min(...losses.slice(1)), 1)
  expect(earlyStop.iteration).toBe(curves.iteration[best])
  expect(earlyStop.iteration).toBeLessThan(200)
  expect(Math.fround(earlyStop.metrics.validation.loss)).toBe(Math.min(...losses.slice(1)))
})

describe('bad requests are refused', () => {
  test('a diverging run names iteration, loss and learning rate', async () => {
    const diverging = run({ optimizer: { name: 'sgd' }, learningRate: 1e30 })
    await expect(diverging).rejects.toThrow(/loss (became|is) (NaN|Infinity) at iteration \d+ \(learning rate 1e\+30\)/)
    await expect(diverging).rejects.toThrow(UserError)
  })

  test('a ticket that does not fit, a start or a rewind point outside the run', async () => {
    const other = denseTicket(model('lenet-300-100', { inputShape: [16], hidden: [21], classes: 4 }), 1)
    await expect(run({}, { ticket: other })).rejects.toThrow('fc1.kernel (336 values, needs 320)')
    await expect(run({}, { ticket: { ...ticket, step: 251 } })).rejects.toThrow('starts at iteration 251')
    await expect(run({}, { keepAt: [300] })).rejects.toThrow('rewind point 300')
    await expect(run({ batchSize: 201 })).rejects.toThrow('A batch of 201')
  })
})
