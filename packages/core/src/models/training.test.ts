/** The trainer with batch norm and masked convolutions, on TensorFlow.js's own `cpu` backend. */
import { createEngine } from '@winning-tickets/jit'
import { expect, test } from 'vitest'
import {
  blobs,
  classificationTask,
  countKept,
  initialWeights,
  magnitudes,
  maskedTicket,
  model,
  prunableParameters,
  recipe,
  select,
  train,
} from '../index.js'

test('ResNet-8 learns under a mask, and what was pruned stays exactly zero (trap T6)', async () => {
  const network = model('resnet-8', { inputShape: [8, 8, 3], width: 2, classes: 4, prunable: 'convolutions' })
  const weights = initialWeights(network, 1)
  const mask = select(magnitudes(network, weights), { scope: 'global', density: 0.5 })
  const { final, density, curves } = await train({
    model: network,
    task: classificationTask(blobs({ shape: [8, 8, 3], counts: { train: 80, validation: 20, test: 20 } })),
    ticket: maskedTicket(network, { mask, weights, step: 0, provenance: {} }),
    recipe: recipe({
      optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
      learningRate: 0.05,
      iterations: 30,
      batchSize: 20,
      evaluateEvery: 15,
    }),
    seed: 1,
    engine: await createEngine({ name: 'tensorflow' }),
  })

  expect(density.density).toBeCloseTo(0.5, 2)
  expect(curves.trainLoss.at(-1)!).toBeLessThan(0.7 * curves.trainLoss[1]!)
  expect(final.metrics.train.accuracy).toBeGreaterThan(0.8)
  for (const { name } of prunableParameters(network)) {
    expect(countKept(mask[name]!)).toBeLessThan(mask[name]!.length)
    for (const values of [final.weights[name]!, final.optimizer.slots.momentum![name]!]) {
      expect(values.every((value, i) => mask[name]![i] === 1 || Object.is(value, 0))).toBe(true)
    }
    expect(final.weights[name]!.every((value, i) => mask[name]![i] === 0 || value !== 0)).toBe(true)
  }
  const trained = network.parameters.filter(({ trainable }) => trainable).map(({ name }) => name)
  expect(Object.keys(final.optimizer.slots.momentum!).sort()).toEqual(trained.sort())
})
