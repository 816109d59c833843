/** Each control changes what it must and preserves what it must (traps T8, T9; claims.md 0.3). */
import { describe, expect, test } from 'vitest'
import { countKept, densityRecord, type Masks, magnitudes, select } from '../masks/index.js'
import { initialWeights, model, prunableParameters, type Weights } from '../models/index.js'
import { stream } from '../random/index.js'
import { type ControlInput, controlSchema, controlTicket, denseTicket, maskedTicket, type Ticket } from './index.js'

const network = model('lenet-300-100', { inputShape: [40], hidden: [30, 20], classes: 5 })
const seed = 4
const origin = initialWeights(network, seed)
/** Layers of quite different densities. */
const mask: Masks = select(
  Object.fromEntries(
    prunableParameters(network).map(({ name }) => [name, stream(9, name).uniforms(origin[name]!.length)]),
  ),
  { scope: 'layerwise', densities: { 'fc1.kernel': 0.1, 'fc2.kernel': 0.3, 'fc3.kernel': 0.7 } },
)
const ticket = maskedTicket(network, { mask, weights: origin, step: 0, provenance: { method: 'test' } })

const make = (given: ControlInput, from: Ticket = ticket): Ticket =>
  controlTicket(from, controlSchema.parse(given), { model: network, seed, origin })
const counts = (masks: Masks): number[] => Object.values(masks).map(countKept)
const total = (masks: Masks): number => counts(masks).reduce((a, b) => a + b)

/** Survivors are the weights of `source` bit for bit, all else is zero. */
function expectWeightsOf(control: Ticket, source: Weights): void {
  for (const { name } of network.parameters) {
    const expected = source[name]!.map((weight, i) => ((control.mask![name]?.[i] ?? 1) === 1 ? weight : 0))
    expect(control.weights[name]).toEqual(expected)
  }
}

/** No survivor has the weight it had. */
function expectFreshWeights(control: Ticket): void {
  for (const { name } of prunableParameters(network)) {
    const kept = [...control.weights[name]!.keys()].filter((i) => control.mask![name]![i] === 1)
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.every((i) => control.weights[name]![i] !== 0)).toBe(true)
    expect(kept.some((i) => control.weights[name]![i] === origin[name]![i])).toBe(false)
    expect(control.weights[name]!.every((weight, i) => control.mask![name]![i] === 1 || weight === 0)).toBe(true)
  }
}

describe('same mask', () => {
  test('reinit draws all weights anew, and each replicate others', () => {
    const control = make({ name: 'reinit' })
    expect(control.mask).toEqual(mask)
    expectFreshWeights(control)
    expect(make({ name: 'reinit', replicate: 1 }).weights['fc1.kernel']).not.toEqual(control.weights['fc1.kernel'])
    expect(make({ name: 'reinit' })).toEqual(control)
    // From the distribution of the layer: 120 survivors of fc1, std within 4 standard errors.
    const kept = control.weights['fc1.kernel']!.filter((weight) => weight !== 0)
    const std = Math.sqrt(kept.reduce((sum, weight) => sum + weight ** 2, 0) / kept.length)
    expect(Math.abs(std / Math.sqrt(2 / 70) - 1)).toBeLessThan(4 / Math.sqrt(2 * kept.length))
  })

  test('noise moves survivors by its scale times the spread of their layer', () => {
    expect(make({ name: 'noise', scale: 0 }).weights).toEqual(ticket.weights)
    const control = make({ name: 'noise', scale: 3 })
    expect(control.mask).toEqual(mask)
    for (const { name, fanIn, fanOut } of prunableParameters(network)) {
      const moves = [...control.weights[name]!].flatMap((w, i) =>
        mask[name]![i] ? [w - ticket.weights[name]![i]!] : [],
      )
      const std = Math.sqrt(moves.reduce((sum, move) => sum + move ** 2, 0) / moves.length)
      expect(Math.abs(std / (3 * Math.sqrt(2 / (fanIn + fanOut))) - 1)).toBeLessThan(4 / Math.sqrt(2 * moves.length))
      expect(control.weights[name]!.every((weight, i) => mask[name]![i] === 1 || weight === 0)).toBe(true)
    }
    expect(control.weights['fc1.bias']).toEqual(ticket.weights['fc1.bias'])
  })
})

describe('same weights', () => {
  test('shuffled: another mask in every layer, with the same counts', () => {
    const control = make({ name: 'shuffled' })
    expect(counts(control.mask!)).toEqual(counts(mask))
    for (const name of Object.keys(mask)) expect(control.mask![name]).not.toEqual(mask[name])
    expectWeightsOf(control, origin)
    expect(make({ name: 'shuffled', replicate: 1 }).mask).not.toEqual(control.mask)
  })

  test('magnitude-at-init: as many of the largest initial weights of all', () => {
    const control = make({ name: 'magnitude-at-init' })
    expect(total(control.mask!)).toBe(total(mask))
    expectWeightsOf(control, origin)
    const scores = magnitudes(network, origin)
    const sizes = (flag: number) =>
      Object.entries(scores).flatMap(([name, score]) => [...score].filter((_, i) => control.mask![name]![i] === flag))
    expect(Math.min(...sizes(1))).toBeGreaterThanOrEqual(Math.max(...sizes(0)))
  })

  test('rewound tickets keep their step', () => {
    const rewound = { ...ticket, step: 50 }
    expect(make({ name: 'shuffled' }, rewound).step).toBe(50)
    expect(make({ name: 'noise', scale: 1 }, rewound).step).toBe(50)
    expect(make({ name: 'reinit' }, rewound).step).toBe(0)
  })
})

describe('random masks, fresh weights', () => {
  test('layerwise: the counts of the ticket', () => {
    const control = make({ name: 'random-layerwise' })
    expect(counts(control.mask!)).toEqual(counts(mask))
    for (const name of Object.keys(mask)) expect(control.mask![name]).not.toEqual(mask[name])
    expect(control.mask).not.toEqual(make({ name: 'shuffled' }).mask)
    expectFreshWeights(control)
  })

  test('uniform: the overall density in each layer', () => {
    const control = make({ name: 'random-uniform' })
    const { density } = densityRecord(network, mask)
    expect(counts(control.mask!)).toEqual([1200, 600, 100].map((size) => Math.round(density * size)))
    expectFreshWeights(control)
  })

  test('global: as many in all, each layer by chance', () => {
    const control = make({ name: 'random-global' })
    expect(total(control.mask!)).toBe(total(mask))
    const { density } = densityRecord(network, mask)
    for (const { prunable, kept } of densityRecord(network, control.mask).layers) {
      // Hypergeometric; its standard deviation is below the binomial's.
      expect(Math.abs(kept - prunable * density)).toBeLessThan(4 * Math.sqrt(prunable * density * (1 - density)))
    }
    expect(counts(control.mask!)).not.toEqual(counts(mask))
    expectFreshWeights(control)
  })
})

test('an origin that was masked already is refused where other weights are needed', () => {
  for (const name of ['shuffled', 'magnitude-at-init'] as const) {
    const masked = () =>
      controlTicket(ticket, controlSchema.parse({ name }), { model: network, seed, origin: ticket.weights })
    expect(masked).toThrow('zero where fc1.kernel was pruned')
  }
})

test('provenance says which control of what; dense networks have none', () => {
  expect(make({ name: 'reinit' }).provenance).toEqual({
    control: { name: 'reinit', replicate: 0 },
    seed,
    of: { method: 'test' },
  })
  expect(() => make({ name: 'reinit' }, denseTicket(network, 1))).toThrow('no controls')
})
