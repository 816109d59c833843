/** Filters against PyTorch, and training data that are spoilt in a window: which, when, and that nothing else changes. */
import { readFileSync } from 'node:fs'
import { createEngine, type Engine } from '@winning-tickets/jit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  blobs,
  classificationTask,
  denseTicket,
  highPass,
  lowPass,
  model,
  recipe,
  type SpoilInput,
  sha256,
  spoilSchema,
  stream,
  streams,
  train,
  UserError,
} from '../index.js'
import { spoiltOrder, withSpoilt } from './spoil.js'

interface Fixture {
  readonly images: readonly { readonly shape: number[]; readonly pixels: number[]; readonly blurred: number[] }[]
}
const { images: cases } = JSON.parse(
  readFileSync(new URL('../../fixtures/filters.json', import.meta.url), 'utf8'),
) as Fixture

describe('the filters', () => {
  test.each(cases)("are PyTorch's average pooling and bilinear interpolation, $shape", ({ shape, pixels, blurred }) => {
    const found = lowPass(Uint8Array.from(pixels), shape)
    for (const [i, value] of blurred.entries()) expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(0.5 + 1e-9)
    // A batch is its images one by one.
    const twice = lowPass(Uint8Array.from([...pixels, ...pixels.toReversed()]), shape)
    expect(twice.subarray(0, pixels.length)).toEqual(found)
    expect(twice.subarray(pixels.length)).toEqual(lowPass(Uint8Array.from(pixels.toReversed()), shape))
  })

  test('leave even images alone and take small stripes away, and what one takes the other keeps', () => {
    const [height, width] = [8, 8]
    const even = new Uint8Array(height * width).fill(77)
    expect(lowPass(even, [height, width, 1])).toEqual(even)
    expect(highPass(even, [height, width, 1])).toEqual(even.map(() => 128))
    const stripes = Uint8Array.from({ length: height * width }, (_, i) => (i % 2 === 0 ? 100 : 140))
    expect(lowPass(stripes, [height, width, 1])).toEqual(even.map(() => 120))
    expect(highPass(stripes, [height, width, 1])).toEqual(stripes.map((value) => value + 8))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 96, maxLength: 96 }), (image) => {
        const [low, high] = [lowPass(image, [8, 4, 3]), highPass(image, [8, 4, 3])]
        for (const [i, value] of image.entries()) {
          expect(high[i]).toBe(Math.min(255, Math.max(0, 128 + value - low[i]!)))
        }
      }),
    )
  })

  test('need sides that are multiples of four', () => {
    expect(() => lowPass(new Uint8Array(36), [6, 6, 1])).toThrow('their sides must be multiples of 4')
    expect(() => lowPass(new Uint8Array(16), [16])).toThrow(UserError)
  })
})

const shape = [8, 8, 1]
const data = blobs({ shape, counts: { train: 60, validation: 40, test: 40 } })
const { images, labels, count } = data.splits.train
const source = { examples: data.splits.train, shape, classes: 4 }

describe('spoilt examples', () => {
  const rule = (what: 'blur' | 'labels') => spoilSchema.parse({ what, from: 2, to: 4 })

  test('follow the others: blurred with their labels, or themselves with random ones of the named stream', () => {
    const blur = withSpoilt(source, rule('blur'), streams(3))
    expect(blur.count).toBe(2 * count)
    expect(blur.images.subarray(0, images.length)).toEqual(images)
    expect(blur.images.subarray(images.length)).toEqual(lowPass(images, shape))
    expect([...blur.labels]).toEqual([...labels, ...labels])
    const random = withSpoilt(source, rule('labels'), streams(3))
    expect(random.images.subarray(images.length)).toEqual(images)
    expect([...random.labels]).toEqual([...labels, ...stream(3, 'spoil/labels').integers(count, 4)])
    const agree = [...labels].filter((label, i) => random.labels[count + i] === label).length
    // Four classes: a quarter by chance, and its standard deviation is 3.4 of 60.
    expect(Math.abs(agree - count / 4)).toBeLessThan(14)
  })

  test('are those that a window asks for, however the steps are cut', () => {
    const order = (iteration: number, steps: number) =>
      Int32Array.from({ length: 2 * steps }, (_, i) => 2 * iteration + i)
    const spoilt = spoiltOrder(order, rule('blur'), 100)
    expect([...spoilt(0, 6)]).toEqual([0, 1, 2, 3, 104, 105, 106, 107, 8, 9, 10, 11])
    expect([...spoilt(3, 2)]).toEqual([106, 107, 8, 9])
  })

  test('keep the numbers of version 1', () => {
    expect([...withSpoilt(source, rule('labels'), streams(7)).labels.subarray(count, count + 8)]).toEqual([
      1, 0, 3, 1, 0, 2, 2, 2,
    ])
    expect(sha256(lowPass(Uint8Array.from(cases[0]!.pixels), cases[0]!.shape)).slice(0, 16)).toBe('93d5c4b233bbc435')
  })
})

describe('a task with spoilt data', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await createEngine()
  })
  afterAll(() => engine.dispose())
  const network = model('lenet-300-100', { inputShape: shape, hidden: [10], classes: 4 })
  const steps = recipe({
    optimizer: { name: 'sgd' },
    learningRate: 0.1,
    iterations: 40,
    batchSize: 10,
    evaluateEvery: 10,
  })
  const run = (spoil?: SpoilInput, seed = 1) =>
    train({
      model: network,
      task: classificationTask(data, spoil && { spoil }),
      ticket: denseTicket(network, 1),
      recipe: steps,
      seed,
      engine,
      keepAt: [10, 20],
    })

  test('trains as ever until its window, and otherwise from there on', async () => {
    const [clean, late] = [await run(), await run({ what: 'labels', from: 10, to: 20 })]
    expect(late.kept[10]!.weights).toEqual(clean.kept[10]!.weights)
    expect(late.kept[20]!.weights).not.toEqual(clean.kept[20]!.weights)
    const blurred = await run({ what: 'blur', from: 10, to: 20 })
    expect(blurred.kept[10]!.weights).toEqual(clean.kept[10]!.weights)
    expect(blurred.kept[20]!.weights).not.toEqual(clean.kept[20]!.weights)
    expect(blurred.kept[20]!.weights).not.toEqual(late.kept[20]!.weights)
    // A window after the end spoils nothing.
    expect((await run({ what: 'labels', from: 40, to: 50 })).final).toEqual(clean.final)
  })

  test('learns nothing from random labels, and is evaluated on true ones', async () => {
    const [clean, random] = [await run(), await run({ what: 'labels', from: 0, to: 40 })]
    expect(clean.final.metrics.train.accuracy).toBeGreaterThan(0.9)
    expect(random.final.metrics.train.accuracy).toBeLessThan(0.7)
    expect(random.curves.validationLoss[0]).toBe(clean.curves.validationLoss[0])
  })

  test('says what it is, has a plain one beside it, and refuses empty windows', () => {
    const task = classificationTask(data, { spoil: { what: 'blur', from: 0, to: 5 } })
    expect(task.dataId).toBe('blobs spoilt {"from":0,"rule":1,"to":5,"what":"blur"}')
    expect(task.plain!.dataId).toBe('blobs')
    expect(task.objective.config).toMatchObject({ examples: 2 * count })
    expect(() => classificationTask(data, { spoil: { what: 'blur', from: 5, to: 5 } })).toThrow(/the window is empty/)
  })
})
