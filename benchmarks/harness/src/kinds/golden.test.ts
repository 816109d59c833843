/**
 * Golden stages of the kinds that score: tiny stages give what they always gave, under the ids that they always had. Evidence in
 * people's stores carries the `semantics` of its kind; whoever changes numbers on purpose raises the integer that the failing
 * test names. Those of training, barriers and pruning are in benchmarks/imp.
 */
import {
  decodeSafetensors,
  encodeSafetensors,
  initialWeights,
  type JsonObject,
  type SpoilInput,
  sha256,
} from '@winning-tickets/core'
import { afterAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../stage/create.js'
import type { Stage, StageOutcome } from '../stage/types.js'
import { digest, elsewhere, finished, rounded, stageRunner } from '../testing/golden.js'
import { fitKind } from './fit.js'
import { type MaskConfigInput, maskKind, maskStage } from './mask.js'
import { type ScoreConfigInput, scoreKind, scoreStage } from './score.js'
import { buildModel } from './setup.js'

const setting = {
  data: { dataset: 'fashion-mnist-extract', validation: 1000 },
  model: { name: 'lenet-300-100' as const, options: { hidden: [12, 8] } },
  seed: 3,
}
const network = buildModel(setting.model)

const { run, dispose } = stageRunner()
afterAll(dispose)

type Given<Config> = Partial<Omit<Config, 'options'>> & { readonly method: string; readonly options?: JsonObject }
const scoring = (given: Given<ScoreConfigInput>): Promise<Stage> =>
  scoreStage({ ...setting, densities: [0.3, 0.05], ...given }, 'golden')
const masking = (given: Given<MaskConfigInput>): Promise<Stage> =>
  maskStage({ ...setting, density: 0.05, ...given }, 'golden')

const examples = { batch: 50 }
const gradients = { perClass: 2, temperatures: [1, 200] }

/**
 * A part of a result. What comes of single-precision sums has two digits, for weights near the threshold may change places from
 * CPU to CPU; what comes of the host alone is exact.
 */
function measured(part: Readonly<Record<string, number>>, exact: boolean): JsonObject {
  const two = (value: number) => (value === 0 ? 0 : rounded(value, 1 - Math.floor(Math.log10(Math.abs(value)))))
  return Object.fromEntries(
    Object.entries(part)
      .filter(([name]) => exact || name !== 'mask')
      .map(([name, value]) => [name, exact && !/^(score|gradientNorm)/.test(name) ? value : two(value)]),
  )
}

describe(scoreKind.name, () => {
  /** Ids: of the config with its defaults, data, graphs and semantics. */
  test.each([
    ['snip', { examples }, '4cc4f10c8bcea194'],
    ['grasp', {}, '6f71571d00a01e0b'],
    ['synflow', { rounds: 3 }, 'f57ab52cb85f9651'],
    ['magnitude', {}, '9c82f5a77f7b589d'],
  ] as const)('the id of %s is the same', async (method, options, pinned) => {
    const { id } = await scoring({ method, options })
    const advice =
      'committed evidence of this kind has other ids now: if graphs, options or semantics were meant to change, pin the new id; if not, undo what changed them'
    expect(id.slice(0, 16), advice).toBe(pinned)
  })

  test.each([
    ['snip', { method: 'snip', options: { examples }, inputs: true, gradients }, false, '8cf0d0ed80ed3f5a'],
    ['grasp', { method: 'grasp', options: { examples: { perClass: 2 } } }, false, '66c7bea667c79dc5'],
    ['synflow in three rounds', { method: 'synflow', options: { rounds: 3 } }, true, '2e28c2a27e24cd73'],
    ['magnitude', { method: 'magnitude' }, true, '1b8162368a4bd9c8'],
    ['magnitude, shuffled', { method: 'magnitude', shuffled: 0 }, true, '16c02b8a36d2b85e'],
    ['random, layer by layer', { method: 'random', options: { scope: 'layerwise' } }, true, '3407daf6384a05a6'],
  ] as const)('%s', async (_, given, exact, pinned) => {
    const { config } = await scoring(given as Given<ScoreConfigInput>)
    const { result, artifacts = {} } = await run(scoreKind, config as never)
    const parts = Object.entries(result.parts as Record<string, Record<string, number>>)
    const image = artifacts.inputs && decodeSafetensors(artifacts.inputs).tensors.image!.data
    const golden = {
      parts: Object.fromEntries(parts.map(([name, part]) => [name, measured(part, exact)])),
      image: image === undefined ? null : sha256(new Uint8Array(image.buffer, image.byteOffset, image.byteLength)),
    }
    const advice = `a stage of the kind "score" has another result: if its graphs changed, only pin the new digest; if they did not, host code changed: ${elsewhere}scores or measures of the harness's kinds/score.ts; then pin the new digest`
    expect(digest(golden), advice).toBe(pinned)
  })
})

describe(maskKind.name, () => {
  const layersOf = ({ result }: StageOutcome) =>
    Object.values(result.layers as Record<string, number>).map((kept) => rounded(kept / 10, 0))

  test.each([
    ['of magnitude', { method: 'magnitude' }, true, '6d2f79a3850e0a91'],
    ['of magnitude, shuffled', { method: 'magnitude', shuffled: 1 }, true, '1fdb69180cd1e3b2'],
    ['of SNIP', { method: 'snip', options: { examples } }, false, '3d431bdd3856879e'],
    ['of SNIP on corrupted data', { method: 'snip', options: { examples }, corrupted: 1 }, false, 'e3ef8029bbfd4d03'],
  ] as const)('%s', async (_, given, exact, pinned) => {
    const { config } = await masking(given as Given<MaskConfigInput>)
    const outcome = await run(maskKind, config as never)
    const golden = exact ? { mask: sha256(outcome.artifacts!.mask!) } : { layers: layersOf(outcome) }
    const advice = `a stage of the kind "mask" gives another mask: if its graphs changed, only pin the new digest; if they did not, host code changed: ${elsewhere}SCORES in the harness's kinds/scoring.ts, or the version of what is corrupted; then pin the new digest`
    expect(digest(golden), advice).toBe(pinned)
  })
})

describe(fitKind.name, () => {
  test('to labels of the seed', async () => {
    const spoil: SpoilInput = { what: 'labels', from: 0, to: 10 }
    const weights = initialWeights(network, 8)
    const stored = encodeSafetensors(
      Object.fromEntries(
        network.parameters.map(({ name, shape }) => [name, { dtype: 'float32', shape, data: weights[name]! }]),
      ),
    )
    const config = { ...setting, data: { ...setting.data, train: 500, spoil } }
    const { result } = await run(fitKind, parseConfig(fitKind, config), { trained: finished({ weights: stored }) })
    const { fitAccuracy, fitLoss } = result.metrics!
    const golden = { accuracy: rounded(fitAccuracy!, 2), loss: rounded(fitLoss!, 3) }
    const advice = `a stage of the kind "fit" has another result: if its graph changed, only pin the new digest; if it did not, host code changed: ${elsewhere}fit in the harness's kinds/fit.ts; then pin the new digest`
    expect(digest(golden), advice).toBe('c86d9091e5407eaf')
  })
})
