/** Every method of the repository on three models and three densities, and what their files hold. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  blobs,
  densityRecord,
  initialWeights,
  type JsonObject,
  type Model,
  maskWeights,
  model,
  readTicketFile,
  recipe,
  type TicketFile,
} from '@winning-tickets/core'
import { createEngine, type Engine } from '@winning-tickets/jit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { discoverMethods } from '../experiment/methods.js'
import { chosenOptions, methodNamed } from './find-method.js'
import { findInto } from './find-ticket.js'

const folder = mkdtempSync(join(tmpdir(), 'find-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const methods = await discoverMethods()
const names = ['magnitude', 'random', 'smart-ratio', 'grasp', 'imp', 'snip', 'synflow']

/** Narrow, on images of 16x16. */
const inputShape: [number, number, number] = [16, 16, 3]
const image = { inputShape, classes: 4 }
const models: Readonly<Record<string, Model>> = {
  'lenet-300-100': model('lenet-300-100', { ...image, hidden: [12, 8] }),
  'vgg-11': model('vgg-11', { ...image, widthMultiplier: 1 / 16 }),
  'resnet-8': model('resnet-8', { ...image, width: 4 }),
}
const densities = [0.5, 0.1, 0.03]
const seed = 3
const split = blobs({ shape: inputShape, classes: 4, counts: { train: 160, validation: 20, test: 20 } })
/** Few rounds and examples: their full number is for the packages' own tests. */
const quick: Readonly<Record<string, JsonObject>> = {
  imp: { rounds: 2 },
  snip: { examples: { batch: 20 } },
  grasp: { examples: { perClass: 4 } },
  synflow: { rounds: 20 },
}

let engine: Engine
beforeAll(async () => {
  engine = await createEngine()
})
afterAll(() => engine.dispose())

interface Settings {
  readonly out?: string
  readonly options?: JsonObject
  readonly signal?: AbortSignal
}

async function find(
  name: string,
  network: Model,
  density: number,
  { out = join(folder, `${name}-${network.name}-${density}.safetensors`), options = {}, signal }: Settings = {},
): Promise<TicketFile> {
  const method = methodNamed(methods, name)
  await findInto({
    method,
    chosen: chosenOptions(method, density, { ...quick[name], ...options }),
    network,
    data: { name: split.name, hash: split.id },
    split,
    validation: 20,
    recipe: recipe({
      optimizer: { name: 'adam' },
      learningRate: 1e-3,
      iterations: 4,
      batchSize: 20,
      evaluateEvery: 4,
    }),
    seed,
    engine,
    out,
    saveBatch: true,
    ...(signal && { signal }),
  })
  return readTicketFile(out)
}

it('knows every method of the repository', () => {
  expect(methods.map(({ name }) => name).sort()).toEqual([...names].sort())
})

describe.each(names)('%s', (name) => {
  it.each(Object.values(models))('on $name', async (network) => {
    const initial = initialWeights(network, seed)
    const { prunable } = densityRecord(network)
    for (const density of densities) {
      const file = await find(name, network, density)
      const { ticket, scores, config } = file
      expect(densityRecord(network, ticket.mask).kept).toBe(Math.round(density * prunable))
      expect(ticket).toMatchObject({ model: network.name, step: 0, prunable: 'kernels' })
      expect(ticket.provenance).toMatchObject({ method: name, seed, data: { name: 'blobs', validation: 20 } })
      expect(config).toEqual(network.config)
      // The ticket's weights are the seed's own, under the mask.
      expect(file.initial).toEqual(initial)
      expect(ticket.weights).toEqual(maskWeights(initial, ticket.mask))
      // The scores are those that the mask was chosen by.
      for (const [parameter, mask] of Object.entries(ticket.mask!)) {
        const score = scores![parameter]!
        let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
        for (const [i, value] of score.entries()) {
          if (mask[i] === 1) least = Math.min(least, value)
          else most = Math.max(most, value)
        }
        expect(least).toBeGreaterThanOrEqual(most)
      }
      checkBatch(file)
    }
  })
})

/** The examples are the split's own, as the network takes them: bytes over 255. */
function checkBatch({ batch }: TicketFile): void {
  if (batch === undefined) return
  const { images, labels, indices } = batch
  expect(images!.shape).toEqual([labels!.shape[0], ...inputShape])
  const size = 16 * 16 * 3
  const { train } = split.splits
  for (const [row, index] of indices!.data.entries()) {
    expect(labels!.data[row]).toBe(train.labels[index])
    const bytes = train.images.subarray(index * size, (index + 1) * size)
    const wrong = bytes.findIndex((byte, i) => Math.abs(images!.data[row * size + i]! - byte / 255) > 1e-7)
    expect(wrong).toBe(-1)
  }
}

it('only methods that look at data have a scoring batch', async () => {
  const batches = await Promise.all(
    names.map(async (name) => (await readTicketFile(join(folder, `${name}-vgg-11-0.5.safetensors`))).batch),
  )
  expect(names.filter((_, i) => batches[i] !== undefined)).toEqual(['grasp', 'snip'])
})

it('a rewound ticket keeps the weights of its step, masked and not', async () => {
  const network = models['lenet-300-100']!
  const out = join(folder, 'rewound.safetensors')
  const { ticket, initial } = await find('imp', network, 0.2, { out, options: { rewindTo: 2 } })
  expect(ticket.step).toBe(2)
  expect(ticket.weights).toEqual(maskWeights(initial!, ticket.mask))
  expect(initial!['fc1.kernel']).not.toEqual(initialWeights(network, seed)['fc1.kernel'])
  // Nothing of it is zero, as it would be if it had been taken from under the mask.
  expect(initial!['fc1.kernel']!.every((weight) => weight !== 0)).toBe(true)
})

it('an interruption writes nothing', async () => {
  const [out, signal] = [join(folder, 'interrupted.safetensors'), AbortSignal.abort(new Error('enough'))]
  for (const name of ['magnitude', 'synflow', 'imp']) {
    await expect(find(name, models['lenet-300-100']!, 0.2, { out, signal })).rejects.toThrow('enough')
  }
  expect(existsSync(out)).toBe(false)
})
