/**
 * Golden stages: one or more tiny stages of every kind give what they always gave. Evidence in people's stores carries the
 * `semantics` of its kind; whoever changes numbers on purpose raises the integer that the failing test names.
 */
import {
  decodeSafetensors,
  encodeSafetensors,
  initialWeights,
  prunableParameters,
  sha256,
  sizeOf,
  stream,
} from '@winning-tickets/core'
import {
  type BarrierConfigInput,
  barrierKind,
  buildModel,
  encodeMasks,
  encodeWeights,
  type Json,
  parseConfig,
  pruneKind,
  type StageOutcome,
  type TrainConfigInput,
  trainKind,
} from '@winning-tickets/harness'
import { digest, elsewhere, finished, rounded, stageRunner } from '@winning-tickets/harness/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { benchmark } from './index.js'

const setting = { name: 'lenet-300-100' as const, options: { hidden: [12, 8] } }
const network = buildModel(setting)

const { run, dispose } = stageRunner()
afterAll(dispose)

/** Every second, third ... weight of the layers, each layer at another density. */
const mask = encodeMasks(
  network,
  Object.fromEntries(
    prunableParameters(network).map(({ name, shape }, layer) => [
      name,
      Uint8Array.from({ length: sizeOf(shape) }, (_, i) => (i % (4 - layer) === 0 ? 1 : 0)),
    ]),
  ),
)

/** A run of 20 steps with everything that a recipe can have; the validation loss is smallest before its end. */
const training: TrainConfigInput = {
  data: { dataset: 'fashion-mnist-extract', validation: 1000 },
  model: setting,
  recipe: {
    optimizer: { name: 'adam' },
    learningRate: 0.02,
    schedule: { name: 'steps', at: [15], factor: 3 },
    warmup: 3,
    iterations: 20,
    batchSize: 50,
    evaluateEvery: 4,
  },
  seed: 3,
  keepAt: [9],
}

/** Metrics, counts, curves and the names of the artifacts; the metrics of a control are those of its curve. */
function trained({ result, artifacts = {} }: StageOutcome): object {
  const { metrics = {}, ...counts } = result
  const { iteration, ...curves } = decodeSafetensors(artifacts.curves!).tensors
  const digits = (name: string) => (name.includes('ccuracy') ? 1 : 2)
  return {
    counts,
    artifacts: Object.keys(artifacts).sort(),
    iteration: [...iteration!.data],
    earlyStop: metrics.earlyStopIteration ?? null,
    metrics: Object.fromEntries(
      Object.entries(metrics)
        .filter(
          ([name]) => name.endsWith('LossAtEnd') || name === 'testLossAtEarlyStop' || name === 'testAccuracyAtEnd',
        )
        .map(([name, value]) => [name, rounded(value, digits(name))]),
    ),
    curve: [...curves.validationLoss!.data].map((loss) => rounded(loss, 2)),
    // No step comes before the first evaluation.
    trainLoss: [...curves.trainLoss!.data].slice(1).map((loss) => rounded(loss, 2)),
  } satisfies Record<string, Json>
}

const starts: Record<string, { start?: TrainConfigInput['start']; masked?: boolean; raise: string; pinned: string }> = {
  dense: { raise: 'coreSemantics.schedule, or earlyStop if only what is selected changed', pinned: 'e19f02ac5fd3ff18' },
  ticket: { masked: true, raise: 'coreSemantics.initialisation', pinned: 'ea69ecd8b6461e49' },
  reinit: {
    start: { from: 'reinit' },
    masked: true,
    raise: 'coreSemantics.initialisation',
    pinned: '8da306d709694a4e',
  },
  random: {
    start: { from: 'random' },
    masked: true,
    raise: 'coreSemantics.initialisation',
    pinned: 'f8fcce9bae326eca',
  },
  noise: {
    start: { from: 'noise', scale: 1 },
    masked: true,
    raise: 'coreSemantics.initialisation',
    pinned: '04ecfec8ef86fb87',
  },
  rewind: {
    start: { from: 'rewind', step: 9 },
    masked: true,
    raise: 'coreSemantics.schedule',
    pinned: '857f7c1d6da5cfef',
  },
  continue: {
    start: { from: 'continue' },
    masked: true,
    raise: 'coreSemantics.initialisation',
    pinned: '803d56952a8aae68',
  },
}

/** The graphs of these stages. When they change, ids do so by themselves. */
const graphs = { dense: 'c3582b15277c1e12', masked: 'eb4e7445bacd4c34' }

describe(trainKind.name, () => {
  test.each(Object.entries(graphs))('the graphs, %s, are the same', async (name, pinned) => {
    const config = parseConfig(trainKind, { ...training, masked: name === 'masked' })
    const { traceHashes = {} } = await trainKind.identity(config)
    const advice =
      'the traced graphs of training changed, and ids with them: nothing is to be raised; pin the new digest here, then those of the runs'
    expect(digest(traceHashes), advice).toBe(pinned)
  })

  let dense: Promise<StageOutcome> | undefined
  const runDense = () => {
    dense ??= run(trainKind, training)
    return dense
  }

  test.each(Object.entries(starts))('20 steps, %s', async (name, { start, masked = false, raise, pinned }) => {
    const first = await runDense()
    const inputs = { mask: finished({ mask }), trained: finished(first.artifacts) }
    const keepAt = name === 'rewind' ? [] : training.keepAt
    const outcome = masked ? await run(trainKind, { ...training, keepAt, start, masked }, inputs) : first
    const advice = `a stage of the kind "train" (${name}) has another result: if its graphs changed, only pin the new digest; if they did not, host code changed: ${elsewhere}${raise}; then pin the new digest`
    expect(digest(trained(outcome)), advice).toBe(pinned)
  })
})

describe(pruneKind.name, () => {
  /** Of few values, so that many are equal, and of both signs. */
  const weights = encodeSafetensors(
    Object.fromEntries(
      network.parameters.map(({ name, shape }) => {
        const values = stream(1, name).integers(sizeOf(shape), 41)
        return [name, { dtype: 'float32', shape, data: Float32Array.from(values, (value) => (value - 20) / 8) }]
      }),
    ),
  )
  const layerwise = {
    scope: 'layerwise',
    densities: { 'fc1.kernel': 0.2, 'fc2.kernel': 0.15, 'fc3.kernel': 0.5 },
  } as const

  test.each([
    ['layerwise', { target: layerwise, masked: false }, 'c65db1a291076555'],
    ['layerwise under a mask', { target: layerwise, masked: true }, 'ece7571efaaff5ec'],
    ['globally under a mask', { target: { scope: 'global', density: 0.1 }, masked: true }, 'd8e881d98aa163d6'],
  ] as const)('%s', async (_, config, pinned) => {
    const inputs = { mask: finished({ mask }), trained: finished({ weights }) }
    const { result, artifacts = {} } = await run(pruneKind, { model: setting, ...config }, inputs)
    const masks = Object.fromEntries(Object.entries(artifacts).map(([name, bytes]) => [name, sha256(bytes)]))
    const advice = `a stage of the kind "imp/prune" gives another mask: ${elsewhere}magnitude in the harness's kinds/prune.ts; then pin the new digest`
    expect(digest({ result, masks }), advice).toBe(pinned)
  })
})

describe(barrierKind.name, () => {
  const model = { name: 'resnet-8' as const, options: { inputShape: [28, 28, 1], width: 2 } }
  const residual = buildModel(model)
  const ends = Object.fromEntries(
    [1, 2].map((seed) => [seed, finished({ weights: encodeWeights(residual, initialWeights(residual, seed)) })]),
  )

  test('a line between initial weights', async () => {
    const config: BarrierConfigInput = {
      data: { dataset: 'fashion-mnist-extract', validation: 1000 },
      model,
      points: 2,
      statistics: { batchSize: 20, batches: 2 },
      seed: 3,
      examples: { train: 200, test: 100 },
    }
    const { artifacts = {} } = await run(barrierKind, config, { first: ends[1]!, second: ends[2]! })
    const { alpha, trainLoss, testLoss, testError } = decodeSafetensors(artifacts.line!).tensors
    const line = {
      alpha: [...alpha!.data].map((value) => rounded(value, 3)),
      trainLoss: [...trainLoss!.data].map((value) => rounded(value, 2)),
      testLoss: [...testLoss!.data].map((value) => rounded(value, 2)),
      testError: [...testError!.data].map((value) => rounded(value, 1)),
    }
    const advice = `a stage of the kind "barrier" gives another line: if its graphs changed, only pin the new digest; if they did not, host code changed: ${elsewhere}line in the harness's kinds/barrier.ts; then pin the new digest`
    expect(digest(line), advice).toBe('8bfb0afb1a405327')
  })
})

test('every kind has golden stages', () => {
  // Those of the kinds that score are in the harness.
  const kinds: readonly string[] = [trainKind.name, barrierKind.name, pruneKind.name]
  expect(benchmark.kinds.map(({ name }) => name)).toEqual(kinds)
})
