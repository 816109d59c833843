/** The stages that keep a mask and that ask what was learnt: masks are the methods' own, and fits are of the labels trained on. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  recipe as checkedRecipe,
  classificationTask,
  countKept,
  loadDataset,
  splitDataset,
  streams,
  withSpoilt,
} from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { execute } from '../execute/execute.js'
import { createStage } from '../stage/create.js'
import type { Stage, StageKind } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import type { Store } from '../store/types.js'
import { fitKind } from './fit.js'
import { maskKind, maskStage } from './mask.js'
import { trainStage } from './planning.js'
import { scorerOf } from './score-graphs.js'
import { buildModel } from './setup.js'
import { trainKind } from './train.js'
import { decodeMasks, decodeWeights } from './weights.js'

const data = { dataset: 'fashion-mnist-extract', validation: 1000, train: 60 }
const model = { name: 'lenet-300-100' as const, options: { hidden: [12, 8] } }
const network = buildModel(model)
const scoring = { data, model, method: 'snip', options: { examples: { batch: 50 } }, seed: 5, density: 0.1 }
const kinds = [trainKind, maskKind, fitKind] as unknown as StageKind[]

let folder: string
let store: Store
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mask-'))
  store = await openStore(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function recordOf(stage: Stage) {
  const { failed } = await execute([[stage]], { store, where: { kinds } })
  expect(failed).toEqual([])
  return (await store.records.get(stage.id))!.deterministic
}

type Given = Partial<Parameters<typeof maskStage>[0]>
const stageOf = (given: Given = {}) => maskStage({ ...scoring, ...given }, 'mask')

async function maskOf(given: Given = {}) {
  const { artifacts, result } = await recordOf(await stageOf(given))
  return { mask: decodeMasks(network, (await store.artifacts.get(artifacts.mask!))!), result }
}

describe('a mask', () => {
  test('is the one that the method finds', async () => {
    const task = classificationTask(splitDataset(await loadDataset(data.dataset), { ...data, seed: 0 }))
    const engine = await createEngine()
    const snip = await scorerOf('snip')
    const recipe = checkedRecipe({ optimizer: { name: 'sgd' }, learningRate: 1, iterations: 1, batchSize: 1 })
    const options = snip.options.parse({ density: 0.1, examples: { batch: 50 } })
    const wanted = await snip.findTicket({ model: network, task, recipe, seed: 5, engine }, options)
    await engine.dispose()
    const { mask, result } = await maskOf()
    expect(mask).toEqual(wanted.mask)
    expect(result).toMatchObject({
      kept: Math.round(0.1 * (784 * 12 + 12 * 8 + 80)),
      layers: { 'fc2.kernel': countKept(mask['fc2.kernel']!) },
    })
  })

  test('shuffled, has the same counts in other places; found on corrupted data, the same number in all', async () => {
    const [plain, shuffled, corrupted] = [await maskOf(), await maskOf({ shuffled: 0 }), await maskOf({ corrupted: 1 })]
    expect(shuffled.result.layers).toEqual(plain.result.layers)
    expect(shuffled.mask).not.toEqual(plain.mask)
    expect(corrupted.result.kept).toBe(plain.result.kept)
    // Margins are black in most images, but not where pixels were permuted.
    const atMargins = ({ mask }: typeof plain) =>
      mask['fc1.kernel']!.filter((_, i) => {
        const column = Math.floor(i / 12) % 28
        return column < 3 || column > 24
      })
    expect(countKept(atMargins(corrupted))).toBeGreaterThan(2 * countKept(atMargins(plain)))
  })

  test('has an id of all that changes it', async () => {
    const stages = await Promise.all([
      stageOf(),
      stageOf({ density: 0.2 }),
      stageOf({ seed: 6 }),
      stageOf({ shuffled: 0 }),
      stageOf({ corrupted: 1 }),
      stageOf({ method: 'grasp', options: {} }),
    ])
    expect(new Set(stages.map(({ id }) => id)).size).toBe(stages.length)
    expect(Object.keys(stages[0]!.identity.traceHashes)).toEqual(['score1'])
  })

  test('of a policy that training would not know is refused', async () => {
    await expect(stageOf({ options: { prunable: 'weights-and-biases' } })).rejects.toThrow('set prunable there')
  })
})

describe('a fit', () => {
  const recipe = {
    optimizer: { name: 'sgd' as const, momentum: 0.9 },
    learningRate: 0.05,
    iterations: 150,
    batchSize: 30,
    evaluateEvery: 150,
  }
  const spoilt = { ...data, spoil: { what: 'labels' as const, from: 0, to: 150 } }
  const trained = (given: typeof data) => trainStage({ data: given, model, recipe }, 5, { from: 'init' })

  test('is the accuracy on the random labels that were trained on, by hand', async () => {
    const run = await trained(spoilt)
    const fit = await createStage(fitKind, { data: spoilt, model, seed: 5 }, { inputs: { trained: run } })
    const metrics = (await recordOf(fit)).result.metrics as Record<string, number>
    const { artifacts } = (await store.records.get(run.id))!.deterministic
    const weights = decodeWeights(network, (await store.artifacts.get(artifacts.weights!))!)
    const { splits, shape, classes } = splitDataset(await loadDataset(data.dataset), { ...data, seed: 0 })
    const { images, labels } = withSpoilt(
      { examples: splits.train, shape, classes },
      { what: 'labels', from: 0, to: 1, rule: 1 },
      streams(5),
    )
    const right = Array.from({ length: 60 }, (_, i) => {
      let x = Float64Array.from(images.subarray((60 + i) * 784, (61 + i) * 784), (byte) => byte / 255)
      for (const layer of ['fc1', 'fc2', 'fc3']) {
        const [kernel, bias] = [weights[`${layer}.kernel`]!, weights[`${layer}.bias`]!]
        x = Float64Array.from(bias, (b, j) =>
          x.reduce((sum, value, k) => sum + value * kernel[k * bias.length + j]!, b),
        )
        if (layer !== 'fc3') x = x.map((value) => Math.max(0, value))
      }
      return x.indexOf(Math.max(...x)) === labels[60 + i]
    })
    expect(metrics.fitAccuracy! * 60).toBeCloseTo(right.filter(Boolean).length, 3)
    // These were learnt; the labels of another seed were not.
    const other = await createStage(fitKind, { data: spoilt, model, seed: 6 }, { inputs: { trained: run } })
    const strange = (await recordOf(other)).result.metrics as Record<string, number>
    expect(metrics.fitAccuracy).toBeGreaterThan(strange.fitAccuracy! + 0.2)
  })

  test('of data that are not spoilt is refused', async () => {
    const run = await trained(data)
    await expect(createStage(fitKind, { data, model, seed: 5 }, { inputs: { trained: run } })).rejects.toThrow(
      'the run was spoilt by nothing',
    )
  })
})
