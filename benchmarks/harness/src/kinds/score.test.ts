/** The stage that scores: its counts are the methods' own, and what it measures of them is what it says. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeSafetensors, initialWeights, selectCount } from '@winning-tickets/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { execute } from '../execute/execute.js'
import type { JsonObject } from '../stage/json.js'
import type { StageKind } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import type { Store } from '../store/types.js'
import { scoreKind, scoreStage } from './score.js'
import { scoredCells } from './score-cells.js'
import { leastWhole } from './score-measures.js'
import { buildModel } from './setup.js'

const setting = {
  data: { dataset: 'fashion-mnist-extract', validation: 1000 },
  model: { name: 'lenet-300-100' as const, options: { hidden: [12, 8] } },
}
const network = buildModel(setting.model)
const N = 784 * 12 + 12 * 8 + 8 * 10

let folder: string
let store: Store
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'score-'))
  store = await openStore(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

type Given = Parameters<typeof scoreStage>[0]
const stageOf = (given: Partial<Given> & Pick<Given, 'method'>) =>
  scoreStage({ ...setting, seed: 5, densities: [0.5, 0.1, 0.01], ...given }, 'scored')

async function run(given: Partial<Given> & Pick<Given, 'method'>) {
  const stage = await stageOf(given)
  const { failed } = await execute([[stage]], { store, where: { kinds: [scoreKind as StageKind] } })
  expect(failed).toEqual([])
  const { result, artifacts } = (await store.records.get(stage.id))!.deterministic
  return { parts: result.parts as Record<string, Record<string, number>>, artifacts }
}

describe('the graphs in a stage id', () => {
  test.each([
    ['snip', {}],
    ['snip', { mode: 'repo' }],
    ['grasp', {}],
    ['grasp', { mode: 'repo' }],
  ])('of %s with %o are traced, also where it draws weights first', async (method, options) => {
    const { traceHashes } = (await stageOf({ method, options: options as JsonObject })).identity
    expect(traceHashes.score1).toMatch(/^[0-9a-f]{64}$/)
  })

  test.each(['random', 'magnitude'])('of %s are none', async (method) => {
    expect((await stageOf({ method })).identity.traceHashes).toEqual({})
  })
})

describe('a scoring in one round', () => {
  test('measures the masks of magnitude that sorting gives', async () => {
    const { parts } = await run({ method: 'magnitude' })
    const weights = initialWeights(network, 5)
    const names = ['fc1.kernel', 'fc2.kernel', 'fc3.kernel']
    const sorted = names.flatMap((name) => [...weights[name]!].map(Math.abs)).sort((a, b) => b - a)
    for (const [i, density] of [0.5, 0.1, 0.01].entries()) {
      const k = Math.round(density * N)
      expect(parts[i]).toMatchObject({ prunable: N, layers: 3, kept: k })
      for (const name of names) {
        const above = weights[name]!.filter((weight) => Math.abs(weight) >= sorted[k - 1]!).length
        expect(parts[i]![`kept/${name}`]).toBe(above)
      }
    }
    const fc2 = weights['fc2.kernel']!
    expect(parts.scores!['score/fc2.kernel']).toBeCloseTo(fc2.reduce((sum, w) => sum + Math.abs(w), 0) / 96, 6)
    expect(parts.scores!['size/fc2.kernel']).toBe(96)
    // The last layer to be emptied is emptied at the rank of its largest weight.
    const ranks = names.map((name) => sorted.indexOf(Math.max(...weights[name]!.map(Math.abs))) + 1)
    expect(parts.scores!.criticalCompression).toBe(N / Math.max(...ranks))
  })

  test('shuffled, keeps as many weights in each layer, elsewhere', async () => {
    const [{ parts }, shuffled] = [await run({ method: 'snip' }), await run({ method: 'snip', shuffled: 0 })]
    for (const i of [0, 1, 2]) {
      const { mask, connected, ...counts } = parts[i]!
      expect(shuffled.parts[i]).toMatchObject(counts)
      expect(shuffled.parts[i]!.mask).not.toBe(mask)
    }
  })

  test('counts the kept connections of each input', async () => {
    const { parts, artifacts } = await run({ method: 'snip', inputs: true })
    const { kept, image } = decodeSafetensors((await store.artifacts.get(artifacts.inputs!))!).tensors
    expect([kept!.shape, image!.shape]).toEqual([[3, 784], [784]])
    for (const i of [0, 1, 2]) {
      const row = [...kept!.data].slice(784 * i, 784 * (i + 1))
      expect(row.reduce((sum, count) => sum + count, 0)).toBe(parts[i]!['kept/fc1.kernel'])
    }
    // Corners of Fashion-MNIST are black in nearly all images, so no loss depends on their weights.
    expect(parts[2]!.inputCorrelation).toBeGreaterThan(0.2)
  })

  test('measures gradients of the kept weights: the fewer, the smaller, and none without a path', async () => {
    const { parts } = await run({
      method: 'random',
      densities: [1, 0.3, 0.0005],
      gradients: { perClass: 2, temperatures: [1, 200] },
    })
    const norms = [0, 1, 2].map((i) => parts[i]!['gradientNorm@1']!)
    expect(parts[2]!.connected).toBe(0)
    expect(norms[0]).toBeGreaterThan(norms[1]!)
    expect(norms[1]).toBeGreaterThan(0)
    expect(norms[2]).toBeLessThan(1e-6 * norms[0]!)
    expect(parts[0]!['gradientNorm@200']).toBeLessThan(norms[0]! / 1000)
  })
})

test('the least K without an empty layer: one weight fewer empties one, whatever the ties', () => {
  const layer = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(fc.array(layer, { minLength: 1, maxLength: 4 }), (layers) => {
      const scores = Object.fromEntries(layers.map((values, i) => [`l${i}`, Float32Array.from(values)]))
      const empty = (k: number) => Object.values(selectCount(scores, k)).filter((mask) => !mask.includes(1)).length
      const least = leastWhole(scores)
      expect(empty(least)).toBe(0)
      expect(empty(least - 1)).toBeGreaterThan(0)
    }),
  )
})

test('several rounds are a run a density, and rows lead to their parts', async () => {
  const densities = new Map([
    [1, 0.2],
    [2, 0.01],
  ])
  const common = { ...setting, densities, options: { rounds: 3 } }
  const iterative = await scoredCells({ ...common, arm: 'synflow', method: 'synflow', iterative: true }, 5)
  const single = await scoredCells({ ...common, arm: 'snip', method: 'snip', options: {} }, 5)
  expect(iterative.map(({ level, part, stage }) => [level, part, stage.config.densities])).toEqual([
    [1, '0', [0.2]],
    [2, '0', [0.01]],
  ])
  expect(single.map(({ level, part, density }) => [level, part, density])).toEqual([
    [0, 'scores', 1],
    [1, '0', 0.2],
    [2, '1', 0.01],
  ])
  expect(new Set(single.map(({ stage }) => stage.id)).size).toBe(1)
  const { parts } = await run({ method: 'synflow', options: { rounds: 3 }, densities: [0.01] })
  expect(Object.keys(parts)).toEqual(['0'])
  expect(parts[0]).toMatchObject({ kept: Math.round(0.01 * N), collapsed: 0, connected: 1 })
})

describe('the id', () => {
  const id = async (given: Partial<Given> & Pick<Given, 'method'>) => (await stageOf(given)).id

  test('is of all that changes numbers', async () => {
    const options = (given: JsonObject) => ({ method: 'snip', options: given })
    const ids = await Promise.all([
      id({ method: 'snip' }),
      id({ method: 'grasp' }),
      id(options({ batchNorm: 'eval' })),
      id(options({ examples: { batch: 64 } })),
      id({ method: 'snip', seed: 6 }),
      id({ method: 'snip', densities: [0.5] }),
      id({ method: 'snip', shuffled: 0 }),
      id({ method: 'snip', inputs: true }),
      id({ method: 'snip', gradients: { perClass: 1, temperatures: [1] } }),
    ])
    expect(new Set(ids).size).toBe(ids.length)
    expect(await id(options({ examples: { batch: 128 }, rounds: 1 }))).toBe(ids[0])
  })

  test('holds the graphs that a method scores by', async () => {
    const graphs = async (method: string, options: JsonObject = {}) =>
      (await stageOf({ method, options })).identity.traceHashes
    expect(Object.keys(await graphs('snip'))).toEqual(['score1'])
    expect(await graphs('magnitude')).toEqual({})
    const all = await Promise.all([
      graphs('snip'),
      graphs('grasp'),
      graphs('synflow'),
      graphs('grasp', { temperature: 1 }),
    ])
    expect(new Set(all.map(({ score1 }) => score1)).size).toBe(4)
  })
})

test('a method that does not score, or a wrong option, is a sentence', async () => {
  await expect(stageOf({ method: 'imp' })).rejects.toThrow('No method "imp" scores weights; choose one of magnitude')
  await expect(stageOf({ method: 'snip', options: { batchNorm: 'sometimes' } })).rejects.toThrow('batchNorm')
})
