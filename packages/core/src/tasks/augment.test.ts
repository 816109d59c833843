/** Augmentation in the graph equals plain loops, its numbers are pure functions of the iteration, and runs resume exactly. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, type Engine, tf } from '@winning-tickets/jit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  classificationObjective,
  classificationTask,
  denseTicket,
  model,
  recipe,
  train,
  trainTraceHashes,
} from '../index.js'
import { stream, streams } from '../random/index.js'
import { blobs } from '../testing/index.js'
import {
  type Augmentation,
  augmentationDraws,
  augmentationInputs,
  augmentationSchema,
  augmentImages,
  type ImageShape,
} from './augment.js'

const rule = (given: object = {}): Augmentation => augmentationSchema.parse(given)
const engines: Engine[] = []
const folder = mkdtempSync(join(tmpdir(), 'augment-'))
beforeAll(async () => {
  engines.push(await createEngine({ name: 'onnxruntime' }), await createEngine({ name: 'tensorflow' }))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Mirror, pad with black, cut out: as one would write it without a graph. */
function byHand(
  images: Uint8Array,
  flips: Uint8Array,
  corners: Int32Array,
  [height, width, channels]: ImageShape,
  pad: number,
): Uint8Array {
  const size = height * width * channels
  const wide = width + 2 * pad
  const made: number[] = []
  for (const [image, flip] of flips.entries()) {
    const padded = new Uint8Array((height + 2 * pad) * wide * channels)
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const from = image * size + (row * width + (flip ? width - 1 - column : column)) * channels
        const to = ((row + pad) * wide + column + pad) * channels
        padded.set(images.subarray(from, from + channels), to)
      }
    }
    const [top, left] = [corners[2 * image]!, corners[2 * image + 1]!]
    for (let row = top; row < top + height; row++) {
      made.push(...padded.subarray((row * wide + left) * channels, (row * wide + left + width) * channels))
    }
  }
  return Uint8Array.from(made)
}

const cases = fc
  .record({
    height: fc.integer({ min: 1, max: 7 }),
    width: fc.integer({ min: 1, max: 7 }),
    channels: fc.integer({ min: 1, max: 3 }),
    batch: fc.integer({ min: 1, max: 5 }),
    pad: fc.integer({ min: 0, max: 9 }),
    seed: fc.nat(),
  })
  .map(({ height, width, channels, batch, pad, seed }) => {
    const draws = stream(seed, 'case')
    const shape: ImageShape = [height, width, channels]
    const images = Uint8Array.from(draws.integers(batch * height * width * channels, 256))
    return { shape, batch, pad, images, flips: draws.bits(batch), corners: draws.integers(2 * batch, 2 * pad + 1) }
  })

describe('augmentImages', () => {
  test('equals plain loops on the cpu backend, for any shape, pad and draw', async () => {
    await tf.setBackend('cpu')
    fc.assert(
      fc.property(cases, ({ shape, batch, pad, images, flips, corners }) => {
        const made = tf.tidy(() =>
          augmentImages(
            tf.tensor2d(images, [batch, images.length / batch], 'int32'),
            { flips: tf.tensor1d(flips, 'int32'), corners: tf.tensor2d(corners, [batch, 2], 'int32') },
            shape,
            rule({ pad, flip: true }),
          ).dataSync(),
        )
        expect([...made]).toEqual([...byHand(images, flips, corners, shape, pad)])
      }),
      { numRuns: 200 },
    )
  })

  test('equals plain loops on both engines with CIFAR’s size, where every place and flip occurs', async () => {
    const shape: ImageShape = [32, 32, 3]
    const [batch, pad] = [162, 4]
    const images = Uint8Array.from(stream(1, 'pixels').integers(batch * 3072, 256))
    const flips = Uint8Array.from({ length: batch }, (_, i) => i % 2)
    const corners = Int32Array.from({ length: 2 * batch }, (_, i) => Math.floor(i / 4 / (i % 2 ? 9 : 1)) % 9)
    expect(
      new Set(Array.from({ length: batch }, (_, i) => `${flips[i]} ${corners.slice(2 * i, 2 * i + 2)}`)).size,
    ).toBe(162)
    const expected = byHand(images, flips, corners, shape, pad)
    for (const engine of engines) {
      const graph = await engine.compile(
        (inputs) => ({
          made: augmentImages(inputs.images as tf.Tensor2D, inputs, shape, rule()).cast('float32'),
        }),
        { images: { shape: [batch, 3072], dtype: 'uint8' }, ...augmentationInputs(batch) },
      )
      const { made } = await graph.run({ images, flips, corners })
      expect(Buffer.compare(Uint8Array.from(made as Float32Array), expected)).toBe(0)
    }
  })
})

describe('the draws', () => {
  test('depend on the iteration only, lie in range, and cover it evenly', () => {
    const draws = augmentationDraws(streams(3), rule(), 50)
    const whole = draws(0, 400)
    const flips = whole.flips as Uint8Array
    const corners = whole.corners as Int32Array
    for (const [from, steps] of [
      [17, 6],
      [0, 1],
      [399, 1],
    ] as const) {
      expect(draws(from, steps)).toEqual({
        flips: flips.slice(from * 50, (from + steps) * 50),
        corners: corners.slice(from * 100, (from + steps) * 100),
      })
    }
    const share = flips.reduce((sum, flip) => sum + flip, 0) / flips.length
    expect(Math.abs(share - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / flips.length))
    const counts = Array.from({ length: 9 }, (_, place) => corners.filter((corner) => corner === place).length)
    expect(counts.reduce((a, b) => a + b)).toBe(corners.length)
    for (const count of counts) expect(Math.abs(count / corners.length - 1 / 9)).toBeLessThan(0.01)
    expect(augmentationDraws(streams(4), rule(), 50)(0, 400)).not.toEqual(whole)
  })

  test('leave out what is not asked for', () => {
    const { corners, flips } = augmentationDraws(streams(3), rule({ pad: 0 }), 8)(0, 2)
    expect(new Set(corners as Int32Array)).toEqual(new Set([0]))
    expect(new Set(flips as Uint8Array)).toEqual(new Set([0, 1]))
    const shifted = augmentationDraws(streams(3), rule({ flip: false, pad: 2 }), 8)(0, 2)
    expect(new Set(shifted.flips as Uint8Array)).toEqual(new Set([0]))
  })

  test('keep the numbers of version 1', () => {
    const { corners, flips } = augmentationDraws(streams(7), rule(), 6)(5, 1)
    expect([...(flips as Uint8Array)]).toEqual([1, 0, 0, 1, 0, 0])
    expect([...(corners as Int32Array)]).toEqual([3, 4, 3, 3, 0, 7, 7, 6, 1, 0, 1, 7])
  })
})

describe('a task', () => {
  const shape = [6, 6, 1]
  const data = blobs({ shape, counts: { train: 70, validation: 40, test: 40 } })
  const network = model('lenet-300-100', { inputShape: shape, hidden: [12], classes: 4 })
  const augment = { pad: 1 }
  const base = { model: network, seed: 1, ticket: denseTicket(network, 1) }
  const recipeOf = recipe({
    optimizer: { name: 'adam' },
    learningRate: 5e-3,
    iterations: 60,
    batchSize: 10,
    evaluateEvery: 20,
  })

  test('trains on other images each epoch, to the same result on both engines, and is evaluated on plain ones', async () => {
    const task = classificationTask(data, { augment })
    const [ours, reference] = await Promise.all(
      engines.map((engine) => train({ ...base, task, recipe: recipeOf, engine })),
    )
    const plain = await train({ ...base, task: task.plain!, recipe: recipeOf, engine: engines[0]! })
    expect(plain.curves.validationLoss[0]).toBe(ours!.curves.validationLoss[0])
    expect(plain.curves.validationLoss[1]).not.toBe(ours!.curves.validationLoss[1])
    for (const [i, loss] of reference!.curves.validationLoss.entries()) {
      expect(Math.abs(ours!.curves.validationLoss[i]! - loss)).toBeLessThan(1e-4 * loss)
    }
    expect(await train({ ...base, task: classificationTask(data), recipe: recipeOf, engine: engines[0]! })).toEqual(
      plain,
    )
  })

  test('resumes to identical bits', async () => {
    const task = classificationTask(data, { augment })
    const run = (options: object = {}) => train({ ...base, task, recipe: recipeOf, engine: engines[0]!, ...options })
    const controller = new AbortController()
    const checkpoint = { path: join(folder, 'run.safetensors') }
    const onProgress = ({ iteration }: { iteration: number }) => iteration >= 25 && controller.abort()
    await expect(run({ checkpoint, signal: controller.signal, onProgress })).rejects.toThrow()
    expect(await run({ checkpoint })).toEqual(await run())
  })

  test('without augmentation has the config and graph that it always had; with it, others', () => {
    const examples = { shape, classes: 4, examples: 70 }
    const plain = classificationObjective(examples)
    expect(Object.keys(plain.config)).toEqual(['task', 'shape', 'classes', 'examples', 'mean', 'std'])
    const augmented = classificationObjective(examples, { augment: {} })
    expect(augmented.config.augment).toEqual({ flip: true, pad: 4, draws: 1 })
    const hashes = [plain, augmented].map((objective) =>
      trainTraceHashes({ model: network, objective, recipe: recipeOf, masked: false }),
    )
    expect(hashes[0]!.train).not.toBe(hashes[1]!.train)
    expect(hashes[0]!.evaluate).toBe(hashes[1]!.evaluate)
  })

  test('refuses what has no left and right, and rules that do nothing', () => {
    expect(() => classificationTask(blobs(), { augment })).toThrow('Images of [16] cannot be augmented')
    const idle = () => classificationTask(data, { augment: { flip: false, pad: 0 } })
    expect(idle).toThrow(/augment is .*: it does nothing; leave it out/)
  })
})
