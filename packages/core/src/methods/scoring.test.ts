/** Scoring methods: one score, one selector, one schedule. */
import { createEngine, type Engine } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  blobs,
  classificationTask,
  countKept,
  exponentialDensities,
  initialWeights,
  type MethodContext,
  magnitudes,
  model,
  recipe,
  type Scope,
  type ScoreContext,
  scoringMethod,
  select,
} from '../index.js'

test('the densities of rounds fall by the same factor and end exactly at the target', () => {
  expect(exponentialDensities(0.3, 1)).toEqual([0.3])
  const densities = exponentialDensities(0.01, 4)
  expect(densities.at(-1)).toBe(0.01)
  for (const [i, density] of densities.entries()) {
    expect(Math.abs(density / (densities[i - 1] ?? 1) - 0.01 ** 0.25)).toBeLessThan(1e-12)
  }
})

describe('a method made of a score', () => {
  const network = model('lenet-300-100', { inputShape: [16], hidden: [20, 10], classes: 4 })
  const options = z.object({ density: z.number(), rounds: z.int(), scope: z.enum(['global', 'layerwise']) })
  let engine: Engine
  let context: MethodContext
  beforeAll(async () => {
    engine = await createEngine()
    const anyRecipe = recipe({ optimizer: { name: 'sgd' }, learningRate: 1, iterations: 1, batchSize: 1 })
    context = { model: network, task: classificationTask(blobs()), recipe: anyRecipe, seed: 6, engine }
  })
  const seen: ScoreContext[] = []
  const byMagnitude = scoringMethod({
    name: 'magnitude',
    options,
    score: async (given) => {
      seen.push({ ...given, weights: structuredClone(given.weights) })
      return { scores: magnitudes(given.model, given.weights) }
    },
  })

  test.each<Scope>(['global', 'layerwise'])('prunes at initialisation, %s', async (scope) => {
    const ticket = await byMagnitude.findTicket(context, { density: 0.25, rounds: 1, scope })
    const initial = initialWeights(network, 6)
    const densities = { 'fc1.kernel': 0.25, 'fc2.kernel': 0.25, 'fc3.kernel': 0.25 }
    const target = scope === 'global' ? { scope, density: 0.25 } : { scope, densities }
    expect(ticket.mask).toEqual(select(magnitudes(network, initial), target))
    expect(ticket).toMatchObject({ step: 0, provenance: { method: 'magnitude', seed: 6 } })
    expect(ticket.weights['fc1.bias']).toEqual(initial['fc1.bias'])
  })

  test('scores what is left in each round, and never brings a weight back', async () => {
    seen.length = 0
    const ticket = await byMagnitude.findTicket(context, { density: 0.125, rounds: 3, scope: 'global' })
    const total = 16 * 20 + 20 * 10 + 10 * 4
    const masks = [...seen.map(({ mask }) => mask), ticket.mask!]
    const kept = masks.map((mask) => Object.values(mask).reduce((sum, flags) => sum + countKept(flags), 0))
    expect(kept).toEqual([total, total / 2, total / 4, total / 8])
    for (const [i, mask] of masks.slice(1).entries()) {
      for (const [name, flags] of Object.entries(mask)) {
        expect(flags.every((flag, j) => flag <= masks[i]![name]![j]!)).toBe(true)
      }
    }
    // The weights it scores are those that will be trained, zero where masked (trap T4).
    for (const { mask, weights } of seen) {
      const initial = initialWeights(network, 6)['fc2.kernel']!
      expect(weights['fc2.kernel']).toEqual(initial.map((weight, i) => (mask['fc2.kernel']![i] === 1 ? weight : 0)))
    }
  })
})
