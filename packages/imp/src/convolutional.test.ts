/** Rewinding a residual network: survivors are the checkpoint's bit for bit, and so is all that no mask covers (trap T7). */
import {
  blobs,
  classificationTask,
  densityRecord,
  initialWeights,
  type MethodContext,
  model,
  prunableParameters,
  recipe,
  type Weights,
} from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import { beforeAll, expect, test } from 'vitest'
import { findLevels, impOptions, levelTicket, resolveStart } from './index.js'

const network = model('resnet-8', { inputShape: [8, 8, 3], width: 2, classes: 4, prunable: 'convolutions' })
const seed = 3
let context: MethodContext
beforeAll(async () => {
  context = {
    model: network,
    task: classificationTask(blobs({ shape: [8, 8, 3], counts: { train: 60, validation: 20, test: 20 } }), {
      augment: { pad: 1 },
    }),
    recipe: recipe({
      optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
      learningRate: 0.05,
      iterations: 12,
      batchSize: 20,
      evaluateEvery: 6,
    }),
    seed,
    engine: await createEngine(),
  }
})

const bits = (values: Float32Array) => new Uint32Array(values.slice().buffer)

/** Every parameter: kept weights, batch norm with its statistics, shortcuts and output layer as they were, the rest +0. */
function expectRewound(weights: Weights, mask: Readonly<Record<string, Uint8Array>>, origin: Weights): void {
  for (const { name } of network.parameters) {
    const expected = origin[name]!.map((weight, i) => ((mask[name]?.[i] ?? 1) === 1 ? weight : 0))
    expect(bits(weights[name]!)).toEqual(bits(expected))
  }
}

test.each([0, 5])('rewound to iteration %i, every level starts from those weights', async (rewindTo) => {
  const options = impOptions({ rounds: 3, rates: { scope: 'global', rate: 0.36 }, rewindTo })
  const levels = findLevels(context, options)
  const dense = await levels[0]!.trained()
  const origin = rewindTo === 0 ? initialWeights(network, seed) : dense.kept[rewindTo]!.weights
  if (rewindTo > 0) {
    // The checkpoint is one of a run that has moved, its statistics too.
    expect(origin['bn1.mean']).not.toEqual(initialWeights(network, seed)['bn1.mean'])
    expect(origin['bn1.mean']).not.toEqual(dense.final.weights['bn1.mean'])
  }
  for (const { start, trained } of levels.slice(1)) {
    const ticket = levelTicket(network, seed, await resolveStart(start))
    expect(ticket.step).toBe(rewindTo)
    expect(ticket.optimizer).toBeUndefined()
    expectRewound(ticket.weights, ticket.mask!, origin)
    const { final, curves } = await trained()
    expect(curves.iteration[0]).toBe(rewindTo)
    for (const { name } of prunableParameters(network)) {
      expect(final.weights[name]!.every((weight, i) => ticket.mask![name]![i] === 1 || Object.is(weight, 0))).toBe(true)
    }
  }
  const { prunable, kept } = densityRecord(network, await levels[3]!.start.mask!())
  expect(kept).toBe(Math.round(0.64 ** 3 * prunable))
})
