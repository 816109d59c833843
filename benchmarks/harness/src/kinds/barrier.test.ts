/** The barrier stage on the shipped extract: its ends are the networks themselves, its figures those of the line it keeps. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeSafetensors } from '@winning-tickets/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { execute } from '../execute/execute.js'
import { createStage } from '../stage/create.js'
import type { Stage, StageKind } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import type { Store } from '../store/types.js'
import { type BarrierConfigInput, barrierKind } from './barrier.js'
import { type TrainConfigInput, trainKind } from './train.js'

const setting = {
  data: { dataset: 'fashion-mnist-extract', validation: 1000 },
  model: { name: 'lenet-300-100' as const, options: { hidden: [12, 8] } },
} satisfies Partial<BarrierConfigInput>
const training: TrainConfigInput = {
  ...setting,
  recipe: { optimizer: { name: 'sgd' }, learningRate: 0.3, iterations: 40, batchSize: 50, evaluateEvery: 40 },
  seed: 5,
}
const config: BarrierConfigInput = { ...setting, points: 4, statistics: { batchSize: 50, batches: 2 }, seed: 1 }

let folder: string
let store: Store
let copies: readonly Stage[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barrier-'))
  store = await openStore(folder)
  copies = await Promise.all([
    createStage(trainKind, training),
    createStage(trainKind, { ...training, orderSeed: 6 }),
    createStage(trainKind, { ...training, seed: 6 }),
  ])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(first: Stage, second: Stage, given: Partial<BarrierConfigInput> = {}) {
  const stage = await createStage(barrierKind, { ...config, ...given }, { inputs: { first, second } })
  const kinds = [trainKind as StageKind, barrierKind as StageKind]
  const { failed } = await execute([[stage]], { store, where: { kinds } })
  const metricsOf = async ({ id }: Stage) =>
    (await store.records.get(id))!.deterministic.result.metrics as Record<string, number>
  if (failed.length > 0) return { failed, metrics: {} as Record<string, number>, line: {}, metricsOf }
  const { artifacts } = (await store.records.get(stage.id))!.deterministic
  const { tensors } = decodeSafetensors((await store.artifacts.get(artifacts.line!))!)
  const line: Record<string, number[]> = Object.fromEntries(
    Object.entries(tensors).map(([name, { data }]) => [name, [...(data as Float32Array)]]),
  )
  return { failed, metrics: await metricsOf(stage), line, metricsOf }
}

describe('the barrier stage', () => {
  test('begins and ends at its inputs, and measures the highest point above the mean of the two', async () => {
    const [first, second] = copies as [Stage, Stage]
    const { metrics, line, metricsOf } = await run(first, second)
    expect(line.alpha!.map((alpha) => Math.round(100 * alpha))).toEqual([0, 20, 40, 60, 80, 100])
    for (const split of ['train', 'test'] as const) {
      const errors = line[`${split}Error`]!
      expect(errors.at(-1)).toBeCloseTo(1 - (await metricsOf(first))[`${split}AccuracyAtEnd`]!, 6)
      expect(errors[0]).toBeCloseTo(1 - (await metricsOf(second))[`${split}AccuracyAtEnd`]!, 6)
      expect(line[`${split}Loss`]![0]).toBeCloseTo((await metricsOf(second))[`${split}LossAtEnd`]!, 5)
      const ends = (errors[0]! + errors.at(-1)!) / 2
      expect(metrics[`${split}ErrorAtEnds`]).toBeCloseTo(ends, 6)
      expect(metrics[`${split}ErrorAtWorst`]).toBeCloseTo(Math.max(...errors), 6)
      expect(metrics[`${split}Barrier`]).toBeCloseTo(Math.max(...errors) - ends, 6)
    }
  })

  test('is zero between copies of one network, and lower between copies that share their start than between strangers', async () => {
    const [first, second, stranger] = copies as [Stage, Stage, Stage]
    const same = await run(first, first)
    expect([same.metrics.testBarrier, same.metrics.trainBarrier, same.metrics.testLossBarrier]).toEqual([0, 0, 0])
    const [related, unrelated] = [await run(first, second), await run(first, stranger)]
    expect(unrelated.metrics.testLossBarrier!).toBeGreaterThan(related.metrics.testLossBarrier! + 0.05)
  })

  test('measures the first examples of each split, and refuses more than there are', async () => {
    const [first, second] = copies as [Stage, Stage]
    const { metrics } = await run(first, second, { examples: { train: 50, test: 20 } })
    // Errors are whole numbers of these examples; the mean of the ends is in halves.
    expect(metrics.testErrorAtWorst! * 20).toBeCloseTo(Math.round(metrics.testErrorAtWorst! * 20), 6)
    expect(metrics.trainErrorAtEnds! * 100).toBeCloseTo(Math.round(metrics.trainErrorAtEnds! * 100), 6)
    const { failed } = await run(first, second, { examples: { train: 50, test: 1001 } })
    expect(failed[0]!.message).toMatch(/There are 1000 test examples, fewer than the 1001/)
  })

  test('has an id of its data, network, line, batches and inputs', async () => {
    const [first, second] = copies as [Stage, Stage]
    const id = async (given: Partial<BarrierConfigInput>, inputs = { first, second }) =>
      (await createStage(barrierKind, { ...config, ...given }, { inputs })).id
    const resnet = { name: 'resnet-8' as const, options: { inputShape: [28, 28, 1], width: 2 } }
    const ids = await Promise.all([
      id({}),
      id({}, { first: second, second: first }),
      id({ points: 5 }),
      id({ seed: 2 }),
      id({ statistics: { batchSize: 50, batches: 3 } }),
      id({ model: resnet }),
      id({ examples: { train: 50, test: 20 } }),
    ])
    expect(new Set(ids).size).toBe(ids.length)
    const graphs = await Promise.all(
      [20, 30].map((batchSize) =>
        barrierKind.identity({ ...config, model: resnet, statistics: { batchSize, batches: 3 } } as never),
      ),
    )
    expect(graphs[0]!.traceHashes!.statistics).not.toBe(graphs[1]!.traceHashes!.statistics)
    expect(graphs[0]!.traceHashes!.evaluate).toBe(graphs[1]!.traceHashes!.evaluate)
  })
})
