/**
 * Golden stages: one or more tiny stages of every kind give what they always gave. Evidence in people's stores carries the
 * `semantics` of its kind; whoever changes numbers on purpose raises the integer that the failing test names.
 */
import { decodeSafetensors, encodeSafetensors, prunableParameters, sha256, sizeOf, stream } from '@winning-tickets/core'
import {
  buildModel,
  canonicalJson,
  encodeMasks,
  type Json,
  parseConfig,
  type StageInput,
  type StageKind,
  type StageOutcome,
  type TrainConfigInput,
  trainKind,
} from '@winning-tickets/harness'
import { afterAll, describe, expect, test } from 'vitest'
import { benchmark } from './index.js'
import { pruneKind } from './prune-stage.js'

const setting = { name: 'lenet-300-100' as const, options: { hidden: [12, 8] } }
const network = buildModel(setting)

/** Engine, graphs and data are made once. */
const made = new Map<string, Promise<object>>()
const disposers: (() => Promise<void>)[] = []
const cache = {
  get<T extends object>(key: string, make: () => Promise<T>, dispose?: (value: T) => Promise<void>): Promise<T> {
    const known = made.get(key) as Promise<T> | undefined
    if (known !== undefined) return known
    const value = make()
    made.set(key, value)
    if (dispose) disposers.push(async () => dispose(await value))
    return value
  },
}
afterAll(async () => {
  for (const dispose of disposers) await dispose()
})

function run<Config extends object, Input>(
  kind: StageKind<Config, Input>,
  given: Input,
  inputs: Readonly<Record<string, StageInput>> = {},
): Promise<StageOutcome> {
  const checkpoint = { path: '/nonexistent/checkpoint', seconds: 1e9 }
  return kind.run({ config: parseConfig(kind, given), inputs, cache, checkpoint, progress: () => {} })
}

/** A stage that is done, as a later one sees it. */
const finished = (artifacts: StageOutcome['artifacts'] = {}): StageInput => ({
  id: 'finished',
  result: {},
  artifact: async (name) => artifacts[name] ?? expect.unreachable(name),
})

const digest = (value: object): string => sha256(Buffer.from(canonicalJson(value, 'The golden value'))).slice(0, 16)

/**
 * Three digits of a loss, two of an accuracy: the last bits of floats differ between CPUs with and without AVX-512.
 *
 * @throws Error if the number lies so near to the middle of two that it might be rounded either way
 */
function rounded(value: number, digits: number): number {
  const units = value * 10 ** digits
  if (Math.abs((Math.abs(units) % 1) - 0.5) < 0.005) {
    throw new Error(`${value} may be rounded up on one CPU and down on another; give the golden stage another seed.`)
  }
  return Math.round(units)
}

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

/** What to raise if a case alone fails: core's own golden tests are finer. */
const elsewhere = 'if packages/core/src/semantics.test.ts names a rule, raise that one; if not, '
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
    const advice = `a stage of the kind "imp/prune" gives another mask: ${elsewhere}magnitude in prune-stage.ts; then pin the new digest`
    expect(digest({ result, masks }), advice).toBe(pinned)
  })
})

test('every kind has golden stages', () => {
  const kinds: readonly string[] = [trainKind.name, pruneKind.name]
  expect(benchmark.kinds.map(({ name }) => name)).toEqual(kinds)
})
