/**
 * Golden digests: the host-side rules give the numbers they always gave. Evidence in people's stores carries
 * `coreSemantics`; whoever changes numbers on purpose raises the integer of the rule and pins the new digest here.
 * tools/house changes each rule in a copy and sees the test of its name fail.
 */
import { createEngine } from '@winning-tickets/jit'
import { expect, test } from 'vitest'
import {
  batchOrder,
  blobs,
  type ControlInput,
  classificationTask,
  controlSchema,
  controlTicket,
  type coreSemantics,
  denseTicket,
  initialise,
  initialWeights,
  kaimingNormal,
  learningRateAt,
  type Masks,
  maskedTicket,
  model,
  optimizer,
  type ParameterSpec,
  prunableParameters,
  recipe,
  type Scores,
  select,
  selectByThreshold,
  sha256,
  sizeOf,
  split,
  stream,
  streams,
  type Task,
  topK,
  train,
  within,
} from './index.js'

type Rule = keyof typeof coreSemantics

const bytes = (array: Float32Array | Float64Array | Int32Array | Uint8Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
const digest = (...arrays: Parameters<typeof bytes>[0][]): string =>
  sha256(Buffer.concat(arrays.map(bytes))).slice(0, 16)

const network = model('lenet-300-100', { inputShape: [16], hidden: [12], classes: 4 })
const warm = recipe({
  optimizer: { name: 'adam' },
  learningRate: 0.01,
  schedule: { name: 'steps', at: [15] },
  warmup: 5,
  iterations: 20,
  batchSize: 20,
  evaluateEvery: 5,
})

/** Draws of every sort, from several buffers of the generator. */
function drawsOfEverySort(): string {
  const a = stream(1, 'a')
  return digest(
    a.normals(100),
    a.uniforms(50),
    a.bits(40),
    Int32Array.of(a.below(3 * 2 ** 30), a.below(3 * 2 ** 30), a.below(3 * 2 ** 30)),
    stream(1, 'b').permutation(100),
    stream(1, 'c').flags(100, 0.3),
    stream(2 ** 40, 'a').integers(10, 1000),
  )
}

/** Parameters drawn in every way, and each control's draws. */
function firstWeights(): string {
  const other = (name: string, initializer: ParameterSpec['initializer']): ParameterSpec => {
    const common = { kind: 'conv', role: 'kernel', fanIn: 9, fanOut: 9, trainable: true, prunable: true } as const
    return { ...common, name, shape: [3, 3], output: false, initializer }
  }
  const others = [
    other('kaiming', kaimingNormal(9)),
    other('uniform', { kind: 'uniform' }),
    other('constant', { kind: 'constant', value: 0.5 }),
  ]
  const origin = initialWeights(network, 7)
  const mask: Masks = Object.fromEntries(
    prunableParameters(network).map(({ name, shape }) => [
      name,
      Uint8Array.from({ length: sizeOf(shape) }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    ]),
  )
  const ticket = maskedTicket(network, { mask, weights: origin, step: 0, provenance: {} })
  const controls = (
    [
      { name: 'reinit', replicate: 1 },
      { name: 'shuffled' },
      { name: 'random-layerwise' },
      { name: 'random-uniform' },
      { name: 'random-global' },
      { name: 'noise', scale: 0.5 },
    ] satisfies ControlInput[]
  ).map((control) => controlTicket(ticket, controlSchema.parse(control), { model: network, seed: 7, origin }))
  return digest(
    ...Object.values(origin),
    ...Object.values(initialise(others, within(streams(7), 'init'))),
    ...controls.flatMap((control) => [...Object.values(control.mask!), ...Object.values(control.weights)]),
  )
}

/** Ties by flat index, both scopes, among all weights and among those a mask still has, halves rounded up; by threshold, too. */
function selections(): string {
  const scores: Scores = {
    a: Float32Array.from(stream(2, 'scores').integers(200, 20)),
    b: Float32Array.from(stream(3, 'scores').integers(33, 20)),
  }
  const layerwise = { scope: 'layerwise', densities: { a: 0.25, b: 0.5 } } as const
  const among = select(scores, { scope: 'global', density: 0.7 })
  const byThreshold = (['above', 'from'] as const).map((rule) => selectByThreshold(scores, layerwise, rule))
  const masks = [among, select(scores, layerwise), select(scores, layerwise, among), ...byThreshold]
  return digest(topK(scores.a as Float32Array, 77), ...masks.flatMap((mask) => Object.values(mask)))
}

/** Rates with and without warm-up and drops, and the numbers of a step of each optimizer. */
function ratesAndScalars(): string {
  const count = 20
  const sgd = optimizer(recipe({ ...warm, optimizer: { name: 'sgd', momentum: 0.9 } }).optimizer)
  const scalars = Array.from({ length: count }, (_, i) => [
    ...Object.values(optimizer(warm.optimizer).scalars(0.01, i + 1)),
    ...Object.values(sgd.scalars(0.01, i + 1)),
  ])
  return digest(
    Float64Array.from({ length: count }, (_, i) => learningRateAt(i, warm)),
    Float64Array.from({ length: count }, (_, i) => learningRateAt(i, recipe({ ...warm, warmup: 0 }))),
    // float32, as they enter the graph: `**` may differ in the last bits of a float64 between versions of Node.
    Float32Array.from(scalars.flat()),
  )
}

/** The iterations that a run selects whose validation losses are told to it. */
async function selectedIterations(): Promise<string> {
  const scripts = [
    [9, 5, 3, 4, 3], // the first of equal losses
    [1, 5, 3, 4, 6], // the evaluation before the first step does not count
    [9, 5, 4, 3, 2], // the last
    [9, 3, 3 * (1 - 2 ** -30), 4, 5], // equal in float32
  ]
  const engine = await createEngine()
  const task = classificationTask(blobs())
  const iterations: number[] = []
  for (const losses of scripts) {
    let next = 0
    const scripted: Task = {
      ...task,
      evaluator: async ({ split }) => ({
        evaluate: async () => ({ loss: split === 'validation' ? (losses[next++] ?? 0) : 0 }),
      }),
    }
    const options = { model: network, ticket: denseTicket(network, 7), recipe: warm, seed: 7, engine }
    const { earlyStop, curves } = await train({ ...options, task: scripted })
    iterations.push(earlyStop.iteration, ...curves.iteration)
  }
  return digest(Int32Array.from(iterations))
}

const rules: Record<Rule, { now: () => string | Promise<string>; pinned: string }> = {
  generator: { now: drawsOfEverySort, pinned: '538504a9245bed6c' },
  initialisation: { now: firstWeights, pinned: '967a31355093d08a' },
  dataOrder: { now: () => digest(batchOrder(streams(7), 103, 10)(0, 35)), pinned: '51beef1d33d72f94' },
  split: {
    now: () =>
      digest(
        ...Object.values(split(100, { validation: 30 })),
        ...Object.values(split(100, { validation: 30, train: 20, seed: 1 })),
      ),
    pinned: '83d4351944e98e11',
  },
  topK: { now: selections, pinned: '193bec9b1df23f32' },
  schedule: { now: ratesAndScalars, pinned: '455fd23e86f8c22a' },
  earlyStop: { now: selectedIterations, pinned: '1ce225ec9838987d' },
}

test.each(Object.entries(rules))('%s', async (rule, { now, pinned }) => {
  const advice = `numbers of the rule "${rule}" changed: if that is meant, raise coreSemantics.${rule} and pin the new digest`
  expect(await now(), advice).toBe(pinned)
})

test('a run of 20 steps has the losses it always had, and stops where it did', async () => {
  const task = classificationTask(blobs({ noise: 200, counts: { train: 40, validation: 60, test: 60 } }))
  const engine = await createEngine()
  const overfitting = { ...warm, learningRate: 0.05 }
  const result = await train({
    model: network,
    task,
    ticket: denseTicket(network, 7),
    recipe: overfitting,
    seed: 7,
    engine,
  })
  const pinned = [1.358975, 1.40779, 1.420042, 1.390748, 1.402163]
  const advice =
    'the 20-step run changed: raise the rule of coreSemantics whose digest changed above; if none did, either the graph of a step changed, and the ids with it, or what a run makes of the rules, and then raise coreSemantics.earlyStop for what it selects, coreSemantics.schedule for what it trains'
  expect(result.curves.validationLoss.length).toBe(pinned.length)
  for (const [i, loss] of result.curves.validationLoss.entries()) {
    expect(Math.abs(loss - pinned[i]!), advice).toBeLessThan(1e-5)
  }
  expect(result.earlyStop.iteration, advice).toBe(15)
})
