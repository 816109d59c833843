/** ResNet-20 at full width on ONNX Runtime, in both of its layouts, against TensorFlow.js's `cpu` backend (fixtures/make_resnet20.mjs). */
import { readFileSync } from 'node:fs'
import { createEngine, type EngineOptions, type HostTree } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileTraining } from '../compile/index.js'
import { streams } from '../random/index.js'
import { recipe } from '../recipes/index.js'
import { classificationObjective } from '../tasks/index.js'
import { initialWeights, model, sizeOf, type Weights } from './index.js'

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/resnet20.json', import.meta.url), 'utf8')) as {
  /** Stream of the images; why this one, says the script. */
  readonly images: string
  readonly seed: number
  readonly batchSize: number
  readonly learningRate: number
  readonly momentum: number
  /** Which entries of a gradient are kept: all those whose index is a multiple of it. */
  readonly every: number
  readonly losses: readonly number[]
  readonly gradients: Readonly<Record<string, { readonly largest: number; readonly entries: readonly number[] }>>
}

/** Five steps of SGD on one batch: the losses, and the momentum after the first, which is its gradient. */
async function run(options: EngineOptions): Promise<{ losses: number[]; momentum: Weights }> {
  const { images, seed, batchSize, learningRate } = fixture
  const network = model('resnet-20')
  const { optimizer } = recipe({
    optimizer: { name: 'sgd', momentum: fixture.momentum },
    learningRate,
    iterations: fixture.losses.length,
    batchSize,
  })
  const objective = classificationObjective({ shape: network.inputShape, classes: 10, examples: batchSize })
  const engine = await createEngine(options)
  const loop = await compileTraining(engine, { model: network, objective, optimizer, batchSize, masked: false })
  const trained = network.parameters.filter(({ trainable }) => trainable)
  const resident = {
    data: {
      images: Uint8Array.from(streams(seed)(images).integers(batchSize * sizeOf(network.inputShape), 256)),
      labels: Uint8Array.from({ length: batchSize }, (_, i) => i % 10),
    },
    masks: {},
  }
  const train = (carry: HostTree, steps: number) =>
    loop.run(
      {
        carry,
        each: {
          scalars: { learningRate: new Float32Array(steps).fill(learningRate) },
          batch: { indices: Int32Array.from({ length: steps * batchSize }, (_, i) => i % batchSize) },
        },
        resident,
      },
      steps,
    )
  const momentum = Object.fromEntries(trained.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]))
  const first = await train({ parameters: initialWeights(network, seed), slots: { momentum }, state: {} }, 1)
  const further = await train(first.carry, fixture.losses.length - 1)
  await engine.dispose()
  return {
    losses: [first, further].flatMap(({ out }) => Array.from(out.loss as Float32Array)),
    momentum: (first.carry.slots as { momentum: Weights }).momentum,
  }
}

/** The third is no path that trains: it tells which of the others errs, should they differ. */
const paths: EngineOptions[] = [{ layout: 'auto' }, { layout: 'standard' }, { precision: 'float64' }]

describe.each(paths)('%j', (options) => {
  let losses: number[]
  let momentum: Weights
  beforeAll(async () => {
    ;({ losses, momentum } = await run(options))
  })

  test('gradients of the first step, within 1e-5 of the largest entry', () => {
    expect(Object.keys(momentum).sort()).toEqual(Object.keys(fixture.gradients).sort())
    for (const [name, { largest, entries }] of Object.entries(fixture.gradients)) {
      const gradient = momentum[name]!
      expect(Math.ceil(gradient.length / fixture.every), name).toBe(entries.length)
      const most = gradient.reduce((found, value) => Math.max(found, Math.abs(value)), 0)
      const worst = entries.reduce(
        (found, entry, i) => Math.max(found, Math.abs(gradient[i * fixture.every]! - entry)),
        Math.abs(most - largest),
      )
      expect(worst / largest, name).toBeLessThan(1e-5)
    }
  })

  test('losses of five steps, within 1e-5', () => {
    expect(losses).toHaveLength(5)
    for (const [step, loss] of fixture.losses.entries()) {
      expect(Math.abs(losses[step]! / loss - 1), `step ${step + 1}`).toBeLessThan(1e-5)
    }
    // At this rate the steps do move it: by far more than the tolerance.
    expect(Math.abs(losses[4]! / losses[0]! - 1)).toBeGreaterThan(1e-3)
  })
})
