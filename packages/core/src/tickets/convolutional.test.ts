/** Tickets of convolutional networks: kernels of four dimensions, batch norm's statistics, other data sets. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { readSafetensors } from '../files/index.js'
import { countKept, densityRecord, type Masks, magnitudes, select } from '../masks/index.js'
import { forwardFlops, initialWeights, model, prunableParameters, sizeOf, type Weights } from '../models/index.js'
import { stream } from '../random/index.js'
import {
  applyTicket,
  type ControlInput,
  controlSchema,
  controlTicket,
  denseTicket,
  maskedTicket,
  readTicket,
  type Ticket,
  writeTicket,
} from './index.js'

const seed = 3
const network = model('resnet-8', { width: 4, prunable: 'convolutions' })
/** Weights that were trained a little: statistics and shifts are no longer what they start at. */
const origin: Weights = Object.fromEntries(
  Object.entries(initialWeights(network, seed)).map(([name, values]) => [
    name,
    name.endsWith('.kernel') ? values : values.map((value, i) => value + 0.01 * (i + 1)),
  ]),
)
const layers = prunableParameters(network).map(({ name }) => name)
const densities = Object.fromEntries(layers.map((name, i) => [name, 0.2 + 0.1 * i]))
const random = Object.fromEntries(layers.map((name) => [name, stream(9, name).uniforms(origin[name]!.length)]))
const mask = select(random, { scope: 'layerwise', densities })
const ticket = maskedTicket(network, { mask, weights: origin, step: 40, provenance: { method: 'test' } })

const make = (given: ControlInput): Ticket =>
  controlTicket(ticket, controlSchema.parse(given), { model: network, seed, origin })
const counts = (masks: Masks): number[] => Object.values(masks).map(countKept)
const total = (masks: Masks): number => counts(masks).reduce((a, b) => a + b)

test('masks cover the 7 convolutions, neither projections nor the output layer', () => {
  expect(layers.length).toBe(7)
  expect(Object.keys(mask)).toEqual(layers)
  expect(ticket.prunable).toBe('convolutions')
  for (const name of ['stage2.block1.shortcut.kernel', 'fc.kernel', 'bn1.variance']) {
    expect(ticket.weights[name]).toEqual(origin[name])
  }
  expect(densityRecord(network, mask)).toMatchObject({
    prunable: 9 * (3 * 4 + 2 * 4 * 4 + 4 * 8 + 8 * 8 + 8 * 16 + 16 * 16),
    kept: total(mask),
  })
})

describe('controls', () => {
  test('shuffled: as many in every kernel, elsewhere, and the same weights', () => {
    const control = make({ name: 'shuffled' })
    expect(counts(control.mask!)).toEqual(counts(mask))
    for (const name of layers) {
      expect(control.mask![name]).not.toEqual(mask[name])
      expect(control.weights[name]).toEqual(origin[name]!.map((weight, i) => (control.mask![name]![i] ? weight : 0)))
    }
    expect(control.weights['bn1.mean']).toEqual(origin['bn1.mean'])
    expect(control.step).toBe(40)
  })

  test('reinit: same mask, fresh kernels, and batch norm as at the start', () => {
    const control = make({ name: 'reinit' })
    expect(control.mask).toEqual(mask)
    const initial = initialWeights(network, seed)
    for (const { name, initializer } of prunableParameters(network)) {
      const kept = control.weights[name]!.filter((_, i) => mask[name]![i] === 1)
      expect(kept.some((weight) => initial[name]!.includes(weight))).toBe(false)
      const std = Math.sqrt(kept.reduce((sum, weight) => sum + weight ** 2, 0) / kept.length)
      const expected = (initializer as { std: number }).std
      expect(Math.abs(std / expected - 1)).toBeLessThan(4 / Math.sqrt(2 * kept.length))
    }
    expect(control.weights['bn1.mean']).toEqual(new Float32Array(4))
    expect(control.weights['bn1.variance']).toEqual(new Float32Array(4).fill(1))
  })

  test.each(['random-layerwise', 'random-uniform', 'random-global'] as const)('%s keeps as many', (name) => {
    const control = make({ name })
    // Each kernel's share is rounded.
    expect(Math.abs(total(control.mask!) - total(mask))).toBeLessThanOrEqual(name === 'random-uniform' ? 3 : 0)
    if (name === 'random-layerwise') expect(counts(control.mask!)).toEqual(counts(mask))
    expect(control.mask).not.toEqual(mask)
  })

  test('magnitude-at-init: the largest kernels of all', () => {
    const control = make({ name: 'magnitude-at-init' })
    const density = total(mask) / densityRecord(network).prunable
    expect(control.mask).toEqual(select(magnitudes(network, origin), { scope: 'global', density }))
  })

  test('noise moves kernels only', () => {
    const control = make({ name: 'noise', scale: 1 })
    expect(control.weights['conv1.kernel']).not.toEqual(ticket.weights['conv1.kernel'])
    for (const { name, role } of network.parameters) {
      if (role !== 'kernel') expect(control.weights[name]).toEqual(ticket.weights[name])
    }
  })
})

test('cost of the ticket, from its kept counts', () => {
  const kept = Object.fromEntries(Object.entries(mask).map(([name, flags]) => [name, countKept(flags)]))
  const { dense, sparse } = forwardFlops(network, kept)
  const saved = prunableParameters(network).map(
    ({ name, shape, positions }) => 2 * positions! * (sizeOf(shape) - kept[name]!),
  )
  expect(sparse).toBe(dense - saved.reduce((a, b) => a + b))
})

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'conv-ticket-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('kernels and masks keep their four dimensions, statistics come along', async () => {
    const path = join(folder, 'ticket.safetensors')
    await writeTicket(path, ticket, network)
    expect(await readTicket(path)).toEqual(ticket)
    const { tensors } = await readSafetensors(path)
    expect(tensors['stage2.block1.conv1.kernel']).toMatchObject({ dtype: 'float32', shape: [3, 3, 4, 8] })
    expect(tensors['mask.stage2.block1.conv1.kernel']).toMatchObject({ dtype: 'uint8', shape: [3, 3, 4, 8] })
    expect(tensors['stage2.block1.shortcut-bn.variance']).toMatchObject({ shape: [8] })
  })
})

describe('moving to another data set', () => {
  const everything = { width: 4, prunable: 'kernels' } as const
  const source = model('resnet-8', { ...everything, classes: 10 })
  const target = model('resnet-8', { ...everything, classes: 5 })
  const weights: Weights = { ...origin, ...initialWeights(source, seed), 'bn1.mean': origin['bn1.mean']! }
  const found = maskedTicket(source, {
    mask: select(magnitudes(source, weights), { scope: 'global', density: 0.3 }),
    weights,
    step: 40,
    optimizer: { name: 'sgd', slots: { momentum: weights }, updates: 40 },
    provenance: { method: 'test' },
  })

  test('10 to 5 classes: the head is fresh and dense, all else is the ticket bit for bit', () => {
    const moved = applyTicket(found, target, { head: 'fresh', seed: 7 })
    expect(moved.mask!['fc.kernel']).toEqual(new Uint8Array(16 * 5).fill(1))
    expect(moved.weights['fc.kernel']!.length).toBe(16 * 5)
    expect(moved.weights['fc.kernel']!.every((weight) => weight !== 0)).toBe(true)
    expect(moved.weights['fc.bias']).toEqual(new Float32Array(5))
    for (const { name, output } of target.parameters) {
      if (output) continue
      expect(moved.weights[name]).toEqual(found.weights[name])
      expect(moved.mask![name]).toEqual(found.mask![name])
    }
    expect(moved).toMatchObject({ model: 'resnet-8', prunable: 'kernels', step: 40 })
    expect(moved.optimizer).toBeUndefined()
  })

  test('10 to 5 classes: a head that is kept does not fit, and is named', () => {
    expect(() => applyTicket(found, target, { head: 'keep' })).toThrow(
      'fc.kernel (160 values, needs 80), fc.bias (10 values, needs 5)',
    )
  })

  test('CIFAR-10a to CIFAR-10b: with as many classes both ways work', () => {
    const half = applyTicket(found, target, { head: 'fresh', seed: 7 })
    const kept = applyTicket(half, target, { head: 'keep' })
    expect(kept.weights).toEqual(half.weights)
    expect(kept.mask).toEqual(half.mask)
    const fresh = applyTicket(half, target, { head: 'fresh', seed: 8 })
    expect(fresh.weights['fc.kernel']).not.toEqual(half.weights['fc.kernel'])
    expect(fresh.weights['conv1.kernel']).toEqual(half.weights['conv1.kernel'])
  })

  test('a dense network moves too', () => {
    const moved = applyTicket(denseTicket(source, 1), target, { head: 'fresh', seed: 7 })
    expect(moved.mask).toBeUndefined()
    expect(moved.weights['conv1.kernel']).toEqual(initialWeights(source, 1)['conv1.kernel'])
  })

  test('where the head may not be pruned, its mask stays behind', () => {
    const vgg = { widthMultiplier: 1 / 16 }
    const from = model('vgg-11', vgg)
    const initial = initialWeights(from, 1)
    const scores = magnitudes(from, initial)
    const pruned = maskedTicket(from, {
      mask: select(scores, { scope: 'global', density: 0.5 }),
      weights: initial,
      step: 0,
      provenance: {},
    })
    const to = model('vgg-11', { ...vgg, classes: 100, prunable: 'convolutions' })
    const moved = applyTicket(pruned, to, { head: 'fresh', seed: 1 })
    expect(Object.keys(moved.mask!)).toEqual(prunableParameters(to).map(({ name }) => name))
    expect(moved.prunable).toBe('convolutions')
  })

  test('what does not match is named: other widths, other depths, other policies', () => {
    const move = (to: typeof target) => () => applyTicket(found, to, { head: 'fresh', seed: 7 })
    expect(move(model('resnet-8', { width: 8 }))).toThrow('conv1.kernel (108 values, needs 216)')
    expect(move(model('resnet-14', { width: 4 }))).toThrow('stage1.block2.bn1.mean (no values, needs 4)')
    const padded = move(model('resnet-8', { width: 4, shortcut: 'padding' }))
    expect(padded).toThrow(UserError)
    expect(padded).toThrow('stage2.block1.shortcut.kernel (unknown)')
    expect(move(model('resnet-8', { width: 4, prunable: 'convolutions' }))).toThrow(
      'The mask names stage2.block1.shortcut.kernel, stage3.block1.shortcut.kernel, which model resnet-8 cannot prune',
    )
    const narrow = { ...ticket, weights: found.weights }
    expect(() => applyTicket(narrow, source, { head: 'keep' })).toThrow(
      'that of stage2.block1.shortcut.kernel has no elements and needs 32, that of stage3.block1.shortcut.kernel has no',
    )
  })
})
