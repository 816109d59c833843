/**
 * Golden digests: the host-side rules give the numbers they always gave. Evidence in people's stores carries
 * `coreSemantics`; whoever changes numbers on purpose raises the integer of the rule and pins the new digest here.
 */
import { createEngine } from '@winning-tickets/jit'
import { expect, test } from 'vitest'
import {
  batchOrder,
  blobs,
  classificationTask,
  type coreSemantics,
  denseTicket,
  initialWeights,
  learningRateAt,
  model,
  optimizer,
  recipe,
  sha256,
  split,
  stream,
  streams,
  topK,
  train,
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

const rules: Record<Exclude<Rule, 'earlyStop'>, { now: () => string; pinned: string }> = {
  generator: {
    now: () => digest(stream(1, 'a').normals(100), stream(1, 'b').permutation(100), stream(1, 'c').flags(100, 0.3)),
    pinned: '67af04d65323b288',
  },
  initialisation: { now: () => digest(...Object.values(initialWeights(network, 7))), pinned: '1b26b5be126334d9' },
  dataOrder: { now: () => digest(batchOrder(streams(7), 103, 10)(0, 35)), pinned: '51beef1d33d72f94' },
  split: {
    now: () => digest(...Object.values(split(100, { validation: 30 }))),
    pinned: 'a8a2a0a3ca6dbc33',
  },
  topK: {
    now: () => digest(topK(Float32Array.from(stream(2, 'scores').integers(200, 20)), 77)),
    pinned: '30f4c50df2abaf5a',
  },
  schedule: {
    now: () =>
      digest(
        Float64Array.from({ length: 20 }, (_, i) => learningRateAt(i, warm)),
        // float32, as they enter the graph: `**` may differ in the last bits of a float64 between versions of Node.
        Float32Array.from({ length: 20 }, (_, i) => optimizer(warm.optimizer).scalars(0.01, i + 1).rate!),
      ),
    pinned: '9cb295230fa48841',
  },
}

test.each(Object.entries(rules))('%s', (rule, { now, pinned }) => {
  const advice = `numbers of the rule "${rule}" changed: if that is meant, raise coreSemantics.${rule} and pin the new digest`
  expect(now(), advice).toBe(pinned)
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
    'the 20-step run changed: if the digests above did not, look at the early-stop rule, then at the graph of a step'
  expect(result.curves.validationLoss.length).toBe(pinned.length)
  for (const [i, loss] of result.curves.validationLoss.entries()) {
    expect(Math.abs(loss - pinned[i]!), advice).toBeLessThan(1e-5)
  }
  expect(result.earlyStop.iteration, advice).toBe(15)
})
