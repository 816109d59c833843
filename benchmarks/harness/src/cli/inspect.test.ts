/** Finding, inspecting and training a ticket's file from the command line. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  countKept,
  initialWeights,
  maskedTicket,
  maskWeights,
  model,
  readTicketFile,
  writeTicket,
} from '@winning-tickets/core'
import { afterAll, describe, expect, it } from 'vitest'
import { ticketsHere } from '../testing/command-line.js'
import { type StartFlags, startOf } from './start.js'

const folder = mkdtempSync(join(tmpdir(), 'inspect-'))
const at = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** LeNet-5 of 2 and 3 channels: kernels of 50, 150, 48 * 4 = 192 and 40 weights; the third has none left. */
const network = model('lenet-5-caffe', { channels: [2, 3], hidden: 4 })
const kept = { 'conv1.kernel': 25, 'conv2.kernel': 3, 'fc1.kernel': 0, 'fc2.kernel': 40 }
const sizes = { 'conv1.kernel': 50, 'conv2.kernel': 150, 'fc1.kernel': 192, 'fc2.kernel': 40 }
async function collapsed(): Promise<string> {
  const mask = Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => [
      name,
      new Uint8Array(size).fill(1, 0, kept[name as keyof typeof kept]),
    ]),
  )
  const initial = initialWeights(network, 4)
  const provenance = { method: 'by-hand', seed: 4, data: { name: 'mnist' } }
  const ticket = maskedTicket(network, { mask, weights: initial, step: 0, provenance })
  await writeTicket(at('collapsed.safetensors'), ticket, network, { initial })
  return at('collapsed.safetensors')
}

describe('inspect', () => {
  it('tells counts, collapsed layers and FLOPs in JSON', async () => {
    const { status, stdout, stderr } = await ticketsHere(['inspect', await collapsed(), '--json'])
    expect([status, stderr]).toEqual([0, ''])
    // Two for each weight at each position: 24x24 after the first convolution, 8x8 after the second.
    const dense = 2 * (50 * 24 * 24 + 150 * 8 * 8 + 192 + 40)
    const sparse = 2 * (25 * 24 * 24 + 3 * 8 * 8 + 0 + 40)
    expect(JSON.parse(stdout)).toMatchObject({
      model: { name: 'lenet-5-caffe', channels: [2, 3], hidden: 4 },
      density: { kept: 68, prunable: 432, density: 68 / 432 },
      layers: [
        { name: 'conv1.kernel', shape: [5, 5, 1, 2], kept: 25, prunable: 50, density: 0.5 },
        { name: 'conv2.kernel', shape: [5, 5, 2, 3], kept: 3, prunable: 150, density: 0.02 },
        { name: 'fc1.kernel', shape: [48, 4], kept: 0, prunable: 192, density: 0 },
        { name: 'fc2.kernel', shape: [4, 10], kept: 40, prunable: 40, density: 1 },
      ],
      collapsed: ['fc1.kernel'],
      connected: false,
      flops: { dense, sparse },
      holds: { mask: true, initial: true, scores: null, batch: null },
      provenance: { method: 'by-hand' },
    })
  })

  it('draws bars in the terminal, as long as the densities', async () => {
    const { stdout } = await ticketsHere(['inspect', await collapsed()])
    const lengthOf = (layer: string) => /[█▏▎▍▌▋▊▉]*$/.exec(lineOf(stdout, layer))![0].length
    expect(stdout).toContain('by-hand, seed 4: lenet-5-caffe on mnist')
    expect(stdout).toContain('68 of 432 weights: density 15.74%')
    expect(lengthOf('fc2.kernel')).toBe(40)
    expect(lengthOf('conv1.kernel')).toBe(20)
    expect(lengthOf('conv2.kernel')).toBe(1)
    expect(lineOf(stdout, 'fc1.kernel')).toMatch(/0 +192 +0\.00% +collapsed$/)
    expect(stdout).toContain('collapsed, nothing is left of: fc1.kernel')
    expect(stdout).toContain('cut: no path from input to output is left')
  })

  it('draws the same as an SVG', async () => {
    const { stdout } = await ticketsHere(['inspect', await collapsed(), '--svg', at('layers.svg')])
    expect(stdout).toContain(`written to ${at('layers.svg')}`)
    const svg = readFileSync(at('layers.svg'), 'utf8')
    expect(svg).toMatch(/^<svg .*<\/svg>$/s)
    for (const text of [...Object.keys(sizes), 'by-hand, seed 4', '50.00%', '2.00%', '100.00%', 'collapsed']) {
      expect(svg).toContain(`>${text}`)
    }
    // A bar a layer; their widths are in the ratio of the densities.
    const widths = [...svg.matchAll(/d="M0,[\d.]+h([\d.]+)v[^"]*" fill="#0072B2"/g)].map(([, width]) => Number(width))
    expect(widths.map((width) => Math.round((1000 * width) / widths[3]!) / 1000)).toEqual([0.5, 0.02, 0, 1])
  })

  it('does not draw over the ticket', async () => {
    const file = await collapsed()
    const before = readFileSync(file)
    const { status, stderr } = await ticketsHere(['inspect', file, '--svg', file])
    expect(status).not.toBe(0)
    expect(stderr).toContain('is the ticket itself')
    expect(readFileSync(file).equals(before)).toBe(true)
  })
})

const lineOf = (text: string, layer: string) => text.split('\n').find((line) => line.startsWith(layer))!

describe('a ticket from the command line', () => {
  const file = at('snip.safetensors')
  const flags: StartFlags = { modelOption: [], seed: 9, density: 1, ticket: file }

  it('is found, tells what it is, and is trained', async () => {
    const found = await ticketsHere([
      ...['find', '-M', 'snip', '-m', 'lenet300100', '--model-option', 'hidden=[20,10]', '--density', '0.05'],
      ...['--seed', '2', '--option', 'examples.perClass=3', '--save-scoring-batch', '-o', file, '--json'],
    ])
    expect([found.status, found.stderr]).toEqual([0, ''])
    const prunable = 784 * 20 + 20 * 10 + 10 * 10
    expect(JSON.parse(found.stdout)).toMatchObject({
      file,
      method: 'snip',
      options: { density: 0.05, rounds: 1, scope: 'global', examples: { perClass: 3 }, batchNorm: 'train' },
      seed: 2,
      density: { prunable, kept: Math.round(0.05 * prunable) },
      examples: 30,
      connected: true,
      seconds: { data: expect.any(Number), find: expect.any(Number), write: expect.any(Number) },
    })
    const inspected = JSON.parse((await ticketsHere(['inspect', file, '--json'])).stdout)
    expect(inspected.holds).toMatchObject({ initial: true, scores: 'float32', batch: 30 })
    const trained = await ticketsHere(['train', '-t', file, '-i', '30', '--json'])
    expect([trained.status, trained.stderr]).toEqual([0, ''])
    expect(JSON.parse(trained.stdout)).toMatchObject({
      model: 'lenet-300-100',
      density: { kept: Math.round(0.05 * prunable) },
    })
  })

  it('starts from its own weights, whatever the seed, and so do its controls', async () => {
    const { ticket: found, initial } = await readTicketFile(file)
    const { ticket, network: own, dataset, validation } = await startOf(flags)
    expect([dataset, validation]).toEqual(['fashion-mnist-extract', 500])
    expect(initial).toEqual(initialWeights(own, 2))
    expect(ticket.weights).toEqual(maskWeights(initial!, found.mask))

    const { ticket: shuffled } = await startOf({ ...flags, control: 'shuffled' })
    expect(shuffled.mask).not.toEqual(found.mask)
    for (const [name, mask] of Object.entries(found.mask!))
      expect(countKept(shuffled.mask![name]!)).toBe(countKept(mask))
    expect(shuffled.weights).toEqual(maskWeights(initial!, shuffled.mask))

    const { ticket: reinit } = await startOf({ ...flags, control: 'reinit' })
    expect(reinit.mask).toEqual(found.mask)
    expect(reinit.weights['fc1.kernel']).not.toEqual(ticket.weights['fc1.kernel'])
  })

  it('says that a network is cut', async () => {
    // Three weights, one of each layer, hardly meet.
    const found = await ticketsHere([
      ...['find', '-M', 'random', '-m', 'lenet300100', '--density', '1.2e-5', '-o', at('cut.safetensors')],
    ])
    expect(found.status).toBe(0)
    expect(found.stdout).toContain('cut: no path from input to output is left')
    expect(JSON.parse((await ticketsHere(['inspect', at('cut.safetensors'), '--json'])).stdout).connected).toBe(false)
  })

  it('warns of a scoring batch that there is not', async () => {
    const { status, stderr, stdout } = await ticketsHere([
      ...['find', '-M', 'random', '--density', '0.5', '--save-scoring-batch', '-o', at('random.safetensors')],
    ])
    expect(status).toBe(0)
    expect(stderr).toBe('warning: random looks at no examples for its scores, so there is no scoring batch to save.\n')
    expect(stdout).toContain('133,100 of 266,200 weights (50.00%)')
  })
})
