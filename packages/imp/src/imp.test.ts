/** Finding tickets for real, on a tiny problem: resets are exact (trap T7), masks nested, rewinding and one-shot work. */
import {
  blobs,
  classificationTask,
  densityRecord,
  initialWeights,
  type MethodContext,
  model,
  prunableParameters,
  recipe,
  train,
  type Weights,
} from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import { findLevels, imp, impOptions, levelTicket, resolveStart } from './index.js'

const network = model('lenet-300-100', { inputShape: [16], hidden: [24, 12], classes: 4 })
const seed = 5
let context: MethodContext
beforeAll(async () => {
  context = {
    model: network,
    task: classificationTask(blobs()),
    recipe: recipe({ optimizer: { name: 'adam' }, learningRate: 3e-3, iterations: 200, batchSize: 20 }),
    seed,
    engine: await createEngine({ name: 'onnxruntime' }),
  }
})

/** Kept weights as they were, all others zero, bit for bit. */
function expectReset(weights: Weights, mask: Readonly<Record<string, Uint8Array>>, origin: Weights): void {
  for (const { name } of network.parameters) {
    const expected = origin[name]!.map((weight, i) => ((mask[name]?.[i] ?? 1) === 1 ? weight : 0))
    expect(new Uint32Array(weights[name]!.slice().buffer)).toEqual(new Uint32Array(expected.buffer))
  }
}

describe('a ticket', () => {
  test('starts from the seed’s initial weights, and learns as well as the dense network', async () => {
    const options = impOptions({ rounds: 4, rates: { scope: 'layerwise', dense: 0.4 } })
    const levels = findLevels(context, options)
    const ticket = await imp.findTicket(context, options)
    expect(ticket).toMatchObject({ step: 0, model: 'lenet-300-100', provenance: { method: 'imp', level: 4, options } })
    expectReset(ticket.weights, ticket.mask!, initialWeights(network, seed))

    const { kept, prunable } = densityRecord(network, ticket.mask)
    // 16*24, 24*12 and 12*4 weights at 0.6^4, 0.6^4 and 0.8^4: 50 + 37 + 20.
    expect([kept, prunable]).toEqual([107, 720])
    const dense = await levels[0]!.trained()
    const trained = await train({ ...context, ticket })
    expect(trained.final.metrics.test.accuracy).toBeGreaterThanOrEqual(dense.final.metrics.test.accuracy! - 0.05)
    // The levels’ own last training is the same run.
    expect((await levels[4]!.trained()).final.weights).toEqual(trained.final.weights)
  })

  test('comes with its scores: the trained magnitudes of the network that the last level was cut from', async () => {
    const options = impOptions({ rounds: 2 })
    const { ticket, scores } = await imp.findScored(context, options)
    expect(ticket).toEqual(await imp.findTicket(context, options))
    const { final } = await findLevels(context, options)[1]!.trained()
    for (const { name } of prunableParameters(network)) {
      expect(scores[name]).toEqual(final.weights[name]!.map(Math.abs))
    }
  })

  test('rewound to step k starts from exactly those weights, and goes on from k', async () => {
    const levels = findLevels(context, impOptions({ rounds: 2, rewindTo: 30 }))
    const dense = await levels[0]!.trained()
    const ticket = levelTicket(network, seed, await resolveStart(levels[2]!.start))
    expect(ticket.step).toBe(30)
    expectReset(ticket.weights, ticket.mask!, dense.kept[30]!.weights)
    expect(ticket.weights['fc1.kernel']).not.toEqual(initialWeights(network, seed)['fc1.kernel'])
    const { curves } = await levels[2]!.trained()
    expect([...curves.iteration]).toEqual([30, 100, 200])
  })

  test('a level trains masked weights to exactly zero, and its mask lies within the one before', async () => {
    const levels = findLevels(context, impOptions({ rounds: 2 }))
    const masks = await Promise.all(levels.slice(1).map(({ start }) => start.mask!()))
    const { final } = await levels[2]!.trained()
    for (const { name } of prunableParameters(network)) {
      const mask = masks[1]![name]!
      expect(mask.every((flag, i) => flag <= masks[0]![name]![i]!)).toBe(true)
      expect(final.weights[name]!.every((weight, i) => mask[i] === 1 || Object.is(weight, 0))).toBe(true)
    }
  })

  test('one-shot cuts the dense network: the largest trained weights stay', async () => {
    const levels = findLevels(context, impOptions({ rounds: 3, strategy: 'one-shot' }))
    const dense = await levels[0]!.trained()
    const mask = await levels[3]!.start.mask!()
    for (const { name } of prunableParameters(network)) {
      const sizes = dense.final.weights[name]!.map(Math.abs)
      const keptSizes = sizes.filter((_, i) => mask[name]![i] === 1)
      const cut = sizes.filter((_, i) => mask[name]![i] === 0)
      expect(Math.max(...cut)).toBeLessThanOrEqual(Math.min(...keptSizes))
    }
  })

  test('continued training prunes networks that were not reset', async () => {
    const [reset, continued] = await Promise.all(
      (['iterative', 'continued'] as const).map(async (strategy) => {
        const levels = findLevels(context, impOptions({ rounds: 3, strategy }))
        return resolveStart(levels[3]!.start)
      }),
    )
    expect(reset!.from).toBe('init')
    expect(continued!.from).toBe('init')
    expect(continued!.mask).not.toEqual(reset!.mask)
    expect(densityRecord(network, continued!.mask).layers).toEqual(densityRecord(network, reset!.mask).layers)
  })
})
