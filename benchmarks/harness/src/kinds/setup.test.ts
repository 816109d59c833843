/** The config of data: subsets and augmentation are in it where they are used, and nowhere else. */
import { stream } from '@winning-tickets/core'
import { afterAll, describe, expect, it } from 'vitest'
import { createCache } from '../execute/cache.js'
import { createStage } from '../stage/create.js'
import { buildModel, dataSchema, engineOf, objectiveOf, taskOf } from './setup.js'
import { type TrainConfigInput, trainKind } from './train.js'

const cache = createCache()
afterAll(async () => (await engineOf(cache)).dispose())

const plain = { dataset: 'fashion-mnist-extract', validation: 1000 }
const written = { ...plain, splitSeed: 0, mean: [0], std: [1] }
const network = buildModel({ name: 'lenet-300-100', options: { hidden: [12, 8] } })

/** What a run on the data gets: its resident labels, and its first batch. */
async function given(data: object) {
  const task = await taskOf({ data: dataSchema.parse(data) }, cache)
  const streams = (name: string) => stream(1, name)
  const source = task.source({ model: network, engine: await engineOf(cache), streams, batchSize: 20 })
  if (source.kind !== 'resident') return expect.unreachable()
  return { labels: [...(source.resident.labels as Uint8Array)], batch: source.batches(0, 1), task }
}
const ofEachClass = (labels: readonly number[]) =>
  Array.from({ length: 10 }, (_, label) => labels.filter((other) => other === label).length)

describe('the config of data', () => {
  it('says nothing of what is not used', () => {
    expect(dataSchema.parse(plain)).toStrictEqual(written)
    expect(
      dataSchema.parse({ ...plain, train: undefined, balanced: false, augment: undefined, spoil: undefined }),
    ).toStrictEqual(written)
    expect(dataSchema.parse({ ...plain, train: 50, balanced: true, augment: {} })).toStrictEqual({
      ...written,
      train: 50,
      balanced: true,
      augment: { flip: true, pad: 4, draws: 1 },
    })
  })

  it('gives a run another id with each of them', async () => {
    const config = (data: object): TrainConfigInput => ({
      data: { ...plain, ...data },
      model: { name: 'lenet-300-100', options: { hidden: [12, 8] } },
      recipe: { optimizer: { name: 'sgd' }, learningRate: 0.1, iterations: 1, batchSize: 20 },
      seed: 1,
    })
    const data = [{}, { train: 100 }, { train: 100, balanced: true }, { augment: {} }, { augment: { pad: 2 } }]
    const stages = await Promise.all(data.map((part) => createStage(trainKind, config(part))))
    expect(new Set(stages.map(({ id }) => id)).size).toBe(data.length)
    // The draws of a subset are no part of a graph, but its size and the augmentation are.
    const graphs = stages.map(({ identity }) => identity.traceHashes.train)
    expect(new Set(graphs).size).toBe(data.length - 1)
    expect(graphs[1]).toBe(graphs[2])
    expect((await createStage(trainKind, config({ balanced: false }))).id).toBe(stages[0]!.id)
  })

  it('is refused in a sentence where it cannot be met', () => {
    expect(() => dataSchema.parse({ ...plain, balanced: true })).toThrow(/set train to a multiple of the classes/)
    expect(() => objectiveOf({ data: dataSchema.parse({ ...plain, train: 5001 }) })).toThrow(
      'fashion-mnist-extract has 6000 training examples, too few for 5001 to train on and 1000 for validation',
    )
    expect(() => dataSchema.parse({ ...plain, augment: { flip: false, pad: 0 } })).toThrow(/it does nothing/)
  })
})

describe('the task', () => {
  it('trains on a subset, of each class as many if it is balanced, and validates on the same examples', async () => {
    const some = await given({ ...plain, train: 300 })
    expect(some.labels.length).toBe(300)
    const same = await given({ ...plain, train: 300, balanced: true })
    expect(ofEachClass(same.labels)).toEqual(Array(10).fill(30))
    expect(ofEachClass(some.labels)).not.toEqual(ofEachClass(same.labels))
    expect(new Set([some, same].map(({ task }) => task.dataId)).size).toBe(2)
  })

  it('has draws for its images if it augments, and a plain task beside it', async () => {
    const { batch, task } = await given({ ...plain, augment: { pad: 2 } })
    expect(Object.keys(batch).sort()).toEqual(['corners', 'flips', 'indices'])
    expect(Math.max(...(batch.corners as Int32Array))).toBeLessThanOrEqual(4)
    expect(task.plain?.dataId).toBe(task.dataId)
    expect(Object.keys((await given(plain)).batch)).toEqual(['indices'])
  })

  it('has every example twice if a part of the run is spoilt, and takes the second ones there', async () => {
    const { labels, batch, task } = await given({ ...plain, train: 300, spoil: { what: 'labels', from: 0, to: 2 } })
    const clean = await given({ ...plain, train: 300 })
    expect(labels.slice(0, 300)).toEqual(clean.labels)
    expect(labels.slice(300)).not.toEqual(clean.labels)
    expect([...(batch.indices as Int32Array)]).toEqual([...(clean.batch.indices as Int32Array)].map((i) => i + 300))
    expect(task.objective.config).toMatchObject({ examples: 600 })
    const config = { data: dataSchema.parse({ ...plain, train: 300, spoil: { what: 'labels', from: 0, to: 2 } }) }
    expect(objectiveOf(config).config).toEqual(task.objective.config)
  })
})
