/** Tickets: files, and moving to another model. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { readSafetensors, writeSafetensors } from '../files/index.js'
import { magnitudes, select } from '../masks/index.js'
import { initialWeights, model } from '../models/index.js'
import {
  applyTicket,
  denseTicket,
  maskedTicket,
  readTicket,
  readTicketFile,
  type Ticket,
  type TicketEvidence,
  writeTicket,
} from './index.js'

const folder = mkdtempSync(join(tmpdir(), 'ticket-'))
afterAll(() => rmSync(folder, { recursive: true }))

const network = model('lenet-300-100', { inputShape: [6], hidden: [5], classes: 3 })
const weights = initialWeights(network, 1)
const mask = select(magnitudes(network, weights), { scope: 'global', density: 0.4 })
const ticket = maskedTicket(network, {
  mask,
  weights,
  step: 7,
  optimizer: { name: 'sgd', slots: { momentum: weights }, updates: 7 },
  provenance: { method: 'imp', options: { rounds: 3 }, seed: 1 },
})

describe('files', () => {
  test('what is written is read, with masks and optimizer state', async () => {
    const path = join(folder, 'a.safetensors')
    await writeTicket(path, ticket, network)
    expect(await readTicket(path)).toEqual(ticket)
    await writeTicket(path, denseTicket(network, 2), network)
    expect(await readTicket(path)).toEqual(denseTicket(network, 2))
  })

  test('a file may hold what its mask can be checked by: initial weights, scores of either precision, the batch', async () => {
    const path = join(folder, 'evidence.safetensors')
    const evidence: TicketEvidence = {
      initial: weights,
      scores: {
        'fc1.kernel': Float64Array.from(weights['fc1.kernel']!, (w) => w / 3),
        'fc2.kernel': weights['fc2.kernel']!,
      },
      batch: {
        images: { dtype: 'uint8', shape: [2, 6], data: Uint8Array.from({ length: 12 }, (_, i) => 20 * i) },
        labels: { dtype: 'uint8', shape: [2], data: Uint8Array.of(2, 0) },
      },
    }
    await writeTicket(path, ticket, network, evidence)
    const { ticket: read, config, ...rest } = await readTicketFile(path)
    // Its weights are the initial ones under the mask, so they are not written twice.
    expect(read).toEqual(ticket)
    expect(config).toEqual(network.config)
    expect(rest).toEqual(evidence)
    const { tensors, metadata } = await readSafetensors(path)
    expect(tensors['fc1.kernel']).toBeUndefined()
    expect(tensors['initial.fc1.kernel']).toMatchObject({ dtype: 'float32', shape: [6, 5] })
    expect(tensors['scores.fc1.kernel']).toMatchObject({ dtype: 'float64', shape: [6, 5] })
    expect(tensors['batch.images']).toEqual(evidence.batch!.images)

    const { 'initial.fc1.kernel': _, ...without } = tensors
    await writeSafetensors(path, without, metadata)
    await expect(readTicketFile(path)).rejects.toThrow('mask.fc1.kernel has 30 values and initial.fc1.kernel none')
  })

  test('other programs find parameters by name and shape', async () => {
    const path = join(folder, 'b.safetensors')
    await writeTicket(path, ticket, network)
    const { tensors, metadata } = await readSafetensors(path)
    expect(tensors['fc1.kernel']).toMatchObject({ dtype: 'float32', shape: [6, 5] })
    expect(tensors['mask.fc2.kernel']).toMatchObject({ dtype: 'uint8', shape: [5, 3] })
    expect(tensors['optimizer.momentum.fc1.bias']).toMatchObject({ dtype: 'float32', shape: [5] })
    expect(JSON.parse(metadata.ticket!)).toMatchObject({ model: 'lenet-300-100', step: 7, prunable: 'kernels' })
  })

  test('other and damaged files are refused', async () => {
    const path = join(folder, 'c.safetensors')
    await writeSafetensors(path, {}, { format: 'pt' })
    await expect(readTicket(path)).rejects.toThrow('is not a ticket')
    await writeTicket(path, ticket, network)
    const { tensors, metadata } = await readSafetensors(path)
    await writeSafetensors(path, tensors, { ...metadata, ticket: '{"step": -1}' })
    await expect(readTicket(path)).rejects.toThrow('damaged ticket')
    await writeSafetensors(path, { ...tensors, odd: { dtype: 'int32', shape: [], data: Int32Array.of(1) } }, metadata)
    await expect(readTicket(path)).rejects.toThrow('a tensor odd')
  })
})

describe('moving to a model', () => {
  const target = model('lenet-300-100', { inputShape: [6], hidden: [5], classes: 9 })

  test('the head is kept where it fits', () => {
    const moved: Ticket = applyTicket(ticket, network, { head: 'keep' })
    expect(moved).toMatchObject({ weights: ticket.weights, mask, step: 7, optimizer: ticket.optimizer })
    expect(() => applyTicket(ticket, target, { head: 'keep' })).toThrow(
      'fc2.kernel (15 values, needs 45), fc2.bias (3 values, needs 9)',
    )
  })

  test('a fresh head is drawn and dense, the body stays', () => {
    const moved = applyTicket(ticket, target, { head: 'fresh', seed: 3 })
    expect(moved.mask!['fc1.kernel']).toEqual(mask['fc1.kernel'])
    expect(moved.weights['fc1.kernel']).toEqual(ticket.weights['fc1.kernel'])
    expect(moved.mask!['fc2.kernel']).toEqual(new Uint8Array(45).fill(1))
    expect(moved.weights['fc2.kernel']!.every((weight) => weight !== 0)).toBe(true)
    expect(moved.optimizer).toBeUndefined()
    expect(moved.provenance).toMatchObject({ of: ticket.provenance })
    const other = applyTicket(ticket, target, { head: 'fresh', seed: 4 })
    expect(other.weights['fc2.kernel']).not.toEqual(moved.weights['fc2.kernel'])
  })

  test('names that do not match are named', () => {
    const deeper = model('lenet-300-100', { inputShape: [6], hidden: [5, 4], classes: 3 })
    expect(() => applyTicket(ticket, deeper, { head: 'fresh', seed: 1 })).toThrow(UserError)
    expect(() => applyTicket(ticket, deeper, { head: 'fresh', seed: 1 })).toThrow('fc2.kernel (15 values, needs 20)')
    const shallow = model('lenet-300-100', { inputShape: [6], hidden: [], classes: 5 })
    expect(() => applyTicket(ticket, shallow, { head: 'fresh', seed: 1 })).toThrow('fc2.kernel (unknown)')
  })
})
