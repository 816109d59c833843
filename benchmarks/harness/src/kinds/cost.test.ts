/** The estimates of runs: they follow the operations, so that the order of work and the table of a dry run make sense. */
import { expect, test } from 'vitest'
import { evaluationsIn } from './cost.js'
import { type TrainConfigInput, trainKind } from './train.js'

const costOf = (model: TrainConfigInput['model'], more: Partial<TrainConfigInput> = {}) =>
  trainKind.cost(
    trainKind.schema.parse({
      data: { dataset: 'cifar-10', validation: 5000, train: 10_000 },
      model,
      recipe: { optimizer: { name: 'sgd' }, learningRate: 0.1, iterations: 1000, batchSize: 100, evaluateEvery: 500 },
      seed: 1,
      ...more,
    }),
  )

const resnet = { name: 'resnet-8' } as const

test('ten times the operations of convolutions take ten times as long, and a run from its middle about half', () => {
  const whole = costOf(resnet)
  expect(whole.steps).toBe(1000)
  // Four times the channels are sixteen times the operations but in the first convolution, which has three channels.
  const narrow = costOf({ ...resnet, options: { width: 4 } })
  expect(whole.seconds / narrow.seconds).toBeGreaterThan(14)
  expect(whole.seconds / narrow.seconds).toBeLessThan(16)
  const half = costOf(resnet, { start: { from: 'rewind', step: 500 } })
  expect(half.seconds / whole.seconds).toBeGreaterThan(0.5)
  expect(half.seconds / whole.seconds).toBeLessThan(0.65)
})

test("ResNet-8's step of 128 images lies between what two machines took: 150 ms, and a third of that", () => {
  const recipe = { optimizer: { name: 'sgd' }, learningRate: 0.1, batchSize: 128, evaluateEvery: 1000 } as const
  const seconds = (iterations: number) => costOf(resnet, { recipe: { ...recipe, iterations } }).seconds
  const step = (seconds(1000) - seconds(500)) / 500
  expect(step).toBeGreaterThan(0.05)
  expect(step).toBeLessThan(0.15)
})

test('a checkpoint is due after as many evaluations as fit into its seconds', () => {
  const { evaluateEvery } = { evaluateEvery: 10 }
  const recipe = { evaluateEvery } as Parameters<typeof evaluationsIn>[2]
  expect(evaluationsIn(30, { steps: 1000, seconds: 100 }, recipe)).toBe(30)
  expect(evaluationsIn(0, { steps: 1000, seconds: 100 }, recipe)).toBe(1)
})
