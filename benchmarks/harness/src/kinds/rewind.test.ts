/** Rewinding through the store: a stage that starts from another's iteration k starts from its bits. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Masks, prunableParameters, sizeOf, stream } from '@winning-tickets/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { execute } from '../execute/execute.js'
import { createStage } from '../stage/create.js'
import type { Stage, StageKind } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import type { Store } from '../store/types.js'
import { buildModel } from './setup.js'
import { type TrainConfigInput, trainKind } from './train.js'
import { decodeWeights, encodeMasks } from './weights.js'

const options = { width: 2, prunable: 'convolutions' }
const network = buildModel({ name: 'resnet-8', options })
const config: TrainConfigInput = {
  data: { dataset: 'synthetic-32x32', validation: 20, train: 40, augment: {} },
  model: { name: 'resnet-8', options },
  recipe: { optimizer: { name: 'sgd', momentum: 0.9 }, learningRate: 0.1, iterations: 6, batchSize: 20 },
  seed: 2,
}
const K = 3

const mask: Masks = Object.fromEntries(
  prunableParameters(network).map(({ name, shape }) => [name, stream(1, name).flags(sizeOf(shape), 0.3)]),
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
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rewind-'))
  store = await openStore(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function weightsOf(stage: Stage, artifact: string) {
  const { artifacts } = (await store.records.get(stage.id))!.deterministic
  return decodeWeights(network, (await store.artifacts.get(artifacts[artifact]!))!)
}

test('survivors, batch norm and all that no mask covers are those of iteration k, bit for bit', async () => {
  const dense = await createStage(trainKind, { ...config, keepAt: [K] })
  const inputs = { trained: dense, mask: await createStage(maskKind, {}) }
  const ticket = await createStage(
    trainKind,
    { ...config, start: { from: 'rewind', step: K }, masked: true, keepAt: [K] },
    { inputs },
  )
  const { failed } = await execute([[ticket]], { store, where: { kinds: [trainKind as StageKind, maskKind] } })
  expect(failed).toEqual([])

  const origin = await weightsOf(dense, `weights@${K}`)
  expect(origin).not.toEqual(await weightsOf(dense, 'weights'))
  const start = await weightsOf(ticket, `weights@${K}`)
  for (const { name } of network.parameters) {
    const expected = origin[name]!.map((weight, i) => ((mask[name]?.[i] ?? 1) === 1 ? weight : 0))
    expect(new Uint32Array(start[name]!.slice().buffer)).toEqual(new Uint32Array(expected.buffer))
  }
  const end = await weightsOf(ticket, 'weights')
  for (const [name, kept] of Object.entries(mask)) {
    expect(end[name]!.every((weight, i) => kept[i] === 1 || Object.is(weight, 0))).toBe(true)
    expect(end[name]).not.toEqual(start[name])
  }
})
