/** A ticket's file as an ONNX model: what the network computes, and bad flags. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  initialWeights,
  maskedTicket,
  model,
  prunableParameters,
  sizeOf,
  stream,
  type TensorRecord,
  writeTicket,
} from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import * as ort from 'onnxruntime-node'
import { afterAll, describe, expect, it } from 'vitest'
import { ticketsHere } from '../testing/command-line.js'

const folder = mkdtempSync(join(tmpdir(), 'export-'))
const at = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const network = model('resnet-8', { width: 16 })
const BATCH = 3

async function written() {
  const random = stream(0, 'export')
  const mask = Object.fromEntries(
    prunableParameters(network).map(({ name, shape }) => [name, Uint8Array.from(random.flags(sizeOf(shape), 0.3))]),
  )
  const initial = initialWeights(network, 4)
  const provenance = { method: 'by-hand', seed: 4, data: { name: 'cifar-10' } }
  const ticket = maskedTicket(network, { mask, weights: initial, step: 0, provenance })
  await writeTicket(at('ticket.safetensors'), ticket, network, { initial })
  return ticket
}

describe('export', () => {
  it('writes a model that gives the logits of the masked network', async () => {
    const { weights } = await written()
    const args = ['export', at('ticket.safetensors'), '--out', at('ticket.onnx'), '--batch', String(BATCH), '--json']
    const { status, stdout, stderr } = await ticketsHere(args)
    expect([status, stderr]).toEqual([0, ''])
    const bytes = readFileSync(at('ticket.onnx'))
    const shape = [BATCH, 32, 32, 3]
    expect(JSON.parse(stdout)).toMatchObject({ out: at('ticket.onnx'), bytes: bytes.length, inputs: { images: shape } })
    expect(bytes.toString('latin1')).not.toContain('com.microsoft')

    const images = Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i))
    const session = await ort.InferenceSession.create(bytes)
    const { logits } = await session.run({ images: new ort.Tensor('float32', images, shape) })
    await session.release()

    const float = (sides: readonly number[]) => ({ shape: sides, dtype: 'float32' }) as const
    const reference = await createEngine({ name: 'tensorflow' })
    const compiled = await reference.compile(
      ({ x, parameters }) => ({
        y: network.apply(parameters as TensorRecord, x as TensorRecord[string], { training: false }).output,
      }),
      {
        x: float(shape),
        parameters: Object.fromEntries(network.parameters.map((given) => [given.name, float(given.shape)])),
      },
    )
    const wanted = (await compiled.run({ x: images, parameters: weights })).y as Float32Array
    await reference.dispose()
    expect(logits!.dims).toEqual([BATCH, 10])
    const largest = wanted.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    const found = logits!.data as Float32Array
    for (const [i, value] of wanted.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(1e-5 * largest)
  })

  it.each([
    [['--batch', '0'], "argument '0' is invalid"],
    [['--batch', '1.5'], "argument '1.5' is invalid"],
  ])('refuses %j', async (flags, message) => {
    const { status, stderr } = await ticketsHere(['export', at('ticket.safetensors'), '-o', at('x.onnx'), ...flags])
    expect(status).not.toBe(0)
    expect(stderr).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('does not write over the ticket', async () => {
    const { status, stderr } = await ticketsHere(['export', at('ticket.safetensors'), '-o', at('ticket.safetensors')])
    expect(status).not.toBe(0)
    expect(stderr).toContain('is the ticket itself')
  })

  it('says where a ticket is missing, and what is needed', async () => {
    const missing = await ticketsHere(['export', at('none.safetensors'), '-o', at('x.onnx')])
    expect(missing.status).not.toBe(0)
    expect(missing.stderr).toContain('none.safetensors')
    const without = await ticketsHere(['export', at('ticket.safetensors')])
    expect(without.status).not.toBe(0)
    expect(without.stderr).toContain('--out')
  })
})
