/** The training stage on the shipped extract: what each start means, and what goes from stage to stage. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeSafetensors, initialWeights, type Masks, prunableParameters, sizeOf } from '@winning-tickets/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createCache } from '../execute/cache.js'
import { execute } from '../execute/execute.js'
import { kindsByName, runStage } from '../execute/run-stage.js'
import { createStage } from '../stage/create.js'
import type { Progress, Stage, StageKind } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import type { Store } from '../store/types.js'
import { buildModel } from './setup.js'
import { type TrainConfigInput, trainKind } from './train.js'
import { decodeMasks, decodeWeights, encodeMasks } from './weights.js'

const options = { hidden: [12, 8] }
const network = buildModel({ name: 'lenet-300-100', options })
const SEED = 5

/** Plain SGD has no state of its own, so a run taken up at step k is the same run. */
const config: TrainConfigInput = {
  data: { dataset: 'fashion-mnist-extract', validation: 1000 },
  model: { name: 'lenet-300-100', options },
  recipe: { optimizer: { name: 'sgd' }, learningRate: 0.1, iterations: 20, batchSize: 50, evaluateEvery: 5 },
  seed: SEED,
}
/** A run whose weights stay where they start: the learning rate is 0 in float32. */
const still: TrainConfigInput = { ...config, recipe: { ...config.recipe, learningRate: 1e-50, iterations: 1 } }

/** Keeps every third weight of the first layer, every second of the second, all of the output layer. */
const strides: Readonly<Record<string, number>> = { 'fc1.kernel': 3, 'fc2.kernel': 2, 'fc3.kernel': 1 }
const mask: Masks = Object.fromEntries(
  prunableParameters(network).map(({ name, shape }) => [
    name,
    Uint8Array.from({ length: sizeOf(shape) }, (_, i) => (i % strides[name]! === 0 ? 1 : 0)),
  ]),
)
const maskKind: StageKind<Record<string, never>> = {
  name: 'toy/mask',
  schema: z.strictObject({}),
  semantics: {},
  identity: () => ({}),
  cost: () => ({ steps: 1, seconds: 0 }),
  run: async () => ({ result: {}, artifacts: { mask: encodeMasks(network, mask) } }),
}

let folder: string
let store: Store
let masked: { readonly mask: Stage }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinds-'))
  store = await openStore(folder)
  masked = { mask: await createStage(maskKind, {}) }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(config: TrainConfigInput, inputs: Readonly<Record<string, Stage>> = {}) {
  const stage = await createStage(trainKind, config, { inputs })
  const { failed } = await execute([[stage]], { store, where: { kinds: [trainKind as StageKind, maskKind] } })
  expect(failed).toEqual([])
  const { artifacts, result } = (await store.records.get(stage.id))!.deterministic
  const artifact = async (name: string) => (await store.artifacts.get(artifacts[name]!))!
  return { stage, result, artifact, weights: decodeWeights(network, await artifact('weights')) }
}

const flat = (weights: Readonly<Record<string, Float32Array>>) => Object.values(weights).flatMap((part) => [...part])
const correlation = (a: readonly number[], b: readonly number[]) => {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}
const ones = (weights: Float32Array) => weights.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0)

describe('the training stage', () => {
  test('measures every split at both selections, and draws its curve', async () => {
    const { result, artifact } = await run(config)
    const metrics = result.metrics as Record<string, number>
    const names = ['AtEarlyStop', 'AtEnd'].flatMap((at) =>
      ['train', 'validation', 'test'].flatMap((split) => [`${split}Loss${at}`, `${split}Accuracy${at}`]),
    )
    expect(Object.keys(metrics).sort()).toEqual([...names, 'earlyStopIteration'].sort())
    // Ten classes, balanced: chance is 10%.
    expect(metrics.testAccuracyAtEnd).toBeGreaterThan(0.2)
    const { iteration, validationLoss } = decodeSafetensors(await artifact('curves')).tensors
    expect([...iteration!.data]).toEqual([0, 5, 10, 15, 20])
    const losses = [...validationLoss!.data]
    expect(metrics.earlyStopIteration).toBe(5 * losses.indexOf(Math.min(...losses.slice(1))))
    expect(Math.fround(metrics.validationLossAtEnd!)).toBe(losses.at(-1))
    // 784 x 12 + 12 x 8 + 8 x 10, and 12 + 8 + 10 biases.
    expect(result).toMatchObject({ prunable: 9584, kept: 9584, parameters: 9614, layers: null, collapsed: [] })
  })

  test('taken up from the weights of step k gives the bits of the run that never stopped', async () => {
    const whole = await run({ ...config, keepAt: [10] })
    const inputs = { trained: whole.stage }
    const { weights } = await run({ ...config, start: { from: 'rewind', step: 10 } }, inputs)
    expect(weights).toEqual(whole.weights)
    const continued = await run({ ...config, start: { from: 'continue' } }, inputs)
    expect(continued.weights).not.toEqual(whole.weights)
    const unmoved = await run({ ...still, start: { from: 'continue' } }, inputs)
    expect(unmoved.weights).toEqual(whole.weights)
  })

  test('goes on from a checkpoint to the same bits', async () => {
    const whole = await run({ ...config, keepAt: [7] })
    const other = await openStore(join(folder, 'interrupted'))
    const { id, config: canonical } = whole.stage
    const job = { id, kind: 'train', config: canonical, inputs: {} }
    const kinds = kindsByName([trainKind as StageKind])
    const workshop = { store: other, kinds, cache: createCache(), checkpointSeconds: 0 }
    const steps: number[] = []
    const watch = (dieAt: number) => ({
      warning: expect.unreachable,
      progress({ step }: Progress) {
        if (step === dieAt) throw new Error('dead')
        steps.push(step)
      },
    })
    expect(await runStage(job, workshop, watch(15))).toMatchObject({ type: 'failed', message: 'dead' })
    expect(existsSync(other.checkpointPath(id))).toBe(true)
    const outcome = await runStage(job, workshop, watch(Number.NaN))
    expect(outcome).toMatchObject({
      type: 'done',
      record: { deterministic: (await store.records.get(id))!.deterministic },
    })
    // The checkpoint of iteration 15 was written before the death was told.
    expect(steps).toEqual([5, 7, 10, 20])
    expect(existsSync(other.checkpointPath(id))).toBe(false)
  })

  test('keeps masked weights at zero, and records N, K and the K of each layer', async () => {
    const { weights, result } = await run({ ...config, masked: true }, masked)
    for (const [name, keep] of Object.entries(mask)) {
      expect([...weights[name]!].filter((value, i) => keep[i] === 0 && value !== 0)).toEqual([])
      expect(ones(weights[name]!)).toBeGreaterThan(0.9 * ones(Float32Array.from(keep)))
    }
    // 9,408 / 3, 96 / 2 and 80.
    const layers = { 'fc1.kernel': 3136, 'fc2.kernel': 48, 'fc3.kernel': 80 }
    expect(result).toMatchObject({ prunable: 9584, kept: 3264, layers })
  })

  test('starts a ticket from theta_0, and each control from what it is defined by', async () => {
    const origin = initialWeights(network, SEED)
    const starting = async (start: TrainConfigInput['start']) =>
      (await run({ ...still, masked: true, ...(start === undefined ? {} : { start }) }, masked)).weights
    const ticket = await starting(undefined)
    for (const [name, values] of Object.entries(origin)) {
      const keep = mask[name]
      expect(ticket[name]).toEqual(keep === undefined ? values : values.map((value, i) => (keep[i] === 1 ? value : 0)))
    }

    const reinit = await starting({ from: 'reinit' })
    for (const [name, keep] of Object.entries(mask)) {
      expect([...reinit[name]!].map((value) => (value === 0 ? 0 : 1))).toEqual([...keep])
    }
    expect(Math.abs(correlation(flat(reinit), flat(ticket)))).toBeLessThan(0.1)
    const again = await starting({ from: 'reinit', replicate: 1 })
    expect(Math.abs(correlation(flat(again), flat(reinit)))).toBeLessThan(0.1)

    const random = await starting({ from: 'random' })
    for (const [name, keep] of Object.entries(mask)) {
      expect(ones(random[name]!)).toBe(ones(Float32Array.from(keep)))
      if (strides[name] === 1) continue
      expect([...random[name]!].map((value) => (value === 0 ? 0 : 1))).not.toEqual([...keep])
    }

    // Noise of s standard deviations on Gaussian weights: correlation 1 / sqrt(1 + s^2) with what they were.
    for (const scale of [0.5, 3]) {
      const noisy = await starting({ from: 'noise', scale })
      expect(correlation(flat(noisy), flat(ticket))).toBeCloseTo(1 / Math.sqrt(1 + scale * scale), 1)
    }
  })

  test('is another run with another order of data, from the same weights; and the same stage with its own', async () => {
    const whole = await run({ ...config, keepAt: [10] })
    const inputs = { trained: whole.stage }
    const rewound: TrainConfigInput = { ...config, start: { from: 'rewind', step: 10 } }
    const copy = await run({ ...rewound, orderSeed: SEED + 1 }, inputs)
    expect(copy.weights).not.toEqual(whole.weights)
    const unmoved = await run({ ...still, orderSeed: SEED + 1 })
    expect(unmoved.weights).toEqual(initialWeights(network, SEED))
    const { id } = await createStage(trainKind, { ...config, keepAt: [10], orderSeed: SEED })
    expect(id).toBe(whole.stage.id)
    // The order alone makes the difference: another seed with the first one's order draws other weights.
    const other = await run({ ...config, seed: SEED + 1, orderSeed: SEED })
    expect(other.weights).not.toEqual(whole.weights)
  })

  test('rewinds under a shuffled mask: other weights of step k, as many a layer', async () => {
    const whole = await run({ ...config, keepAt: [10] })
    const kept = decodeWeights(network, await whole.artifact('weights@10'))
    const recipe = { ...still.recipe, iterations: 10 }
    const start = { from: 'rewind', step: 10, shuffled: 0 } as const
    const inputs = { ...masked, trained: whole.stage }
    const { weights } = await run({ ...still, recipe, start, masked: true }, inputs)
    for (const [name, keep] of Object.entries(mask)) {
      expect(ones(weights[name]!)).toBe(ones(Float32Array.from(keep)))
      expect([...weights[name]!].filter((value, i) => value !== 0 && value !== kept[name]![i])).toEqual([])
      if (strides[name] === 1) continue
      expect([...weights[name]!].map((value) => (value === 0 ? 0 : 1))).not.toEqual([...keep])
    }
    await expect(createStage(trainKind, { ...config, start })).rejects.toThrow(/masked: a control needs a mask/)
  })

  test('refuses a control without a mask, which would be the dense network', async () => {
    const control: TrainConfigInput = { ...config, start: { from: 'reinit' } }
    await expect(createStage(trainKind, control)).rejects.toThrow(/masked: a control needs a mask/)
  })

  test('has one id for one meaning, and another for another step, network, data, mask or seed', async () => {
    const { id } = await createStage(trainKind, { ...config, keepAt: [5, 10] })
    expect((await createStage(trainKind, { ...config, keepAt: [10, 5, 10] })).id).toBe(id)
    expect((await createStage(trainKind, { ...config, keepAt: [5, 10], start: { from: 'init' } })).id).toBe(id)
    const base = await createStage(trainKind, config)
    const others = await Promise.all([
      createStage(trainKind, { ...config, recipe: { ...config.recipe, optimizer: { name: 'adam' } } }),
      createStage(trainKind, { ...config, model: { name: 'lenet-300-100', options: { hidden: [12, 9] } } }),
      createStage(trainKind, { ...config, data: { ...config.data, dataset: 'mnist' } }),
      createStage(trainKind, { ...config, masked: true }, { inputs: masked }),
      createStage(trainKind, { ...config, seed: SEED + 1 }),
    ])
    expect(new Set([base, ...others].map((stage) => stage.id)).size).toBe(6)
    // What the graph of a step depends on shows in its hash, not only in the config.
    const graphs = new Set([base, ...others.slice(0, 2), others[3]!].map(({ identity }) => identity.traceHashes.train))
    expect(graphs.size).toBe(4)
    expect(others[4]!.identity).toEqual(base.identity)
  })
})

describe('masks and weights in the store', () => {
  test('masks take one bit a weight and come back whole', () => {
    const bytes = encodeMasks(network, mask)
    expect(bytes.length).toBe(9584 / 8)
    expect(decodeMasks(network, bytes)).toEqual(mask)
  })

  test('weights of another network are refused by name', async () => {
    const { artifact } = await run(config)
    const other = buildModel({ name: 'lenet-300-100', options: { hidden: [12, 9] } })
    const bytes = await artifact('weights')
    expect(() => decodeWeights(other, bytes)).toThrow(/no fc2\.kernel of \[12,9\]/)
  })
})
