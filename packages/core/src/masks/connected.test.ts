/** Paths that masks leave, against reachability worked out on the host. */
import { createEngine, type Engine } from '@winning-tickets/jit'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { denseMasks, isConnected, type Masks, type Model, model, prunableParameters, sizeOf } from '../index.js'

let engine: Engine
beforeAll(async () => {
  engine = await createEngine()
})

/** Units reached layer by layer from all inputs. */
function reaches(network: Model, masks: Masks): boolean {
  let reached: boolean[] | undefined
  for (const { name, shape } of prunableParameters(network)) {
    const [inputs, outputs] = shape as [number, number]
    const from: boolean[] = reached ?? Array(inputs).fill(true)
    reached = Array.from({ length: outputs }, (_, o) =>
      from.some((alive, i) => alive && masks[name]![i * outputs + o] === 1),
    )
  }
  return reached!.some(Boolean)
}

test('of dense layers: the same as reachability, for sparse random masks', async () => {
  const network = model('lenet-300-100', { inputShape: [4], hidden: [5, 5], classes: 3 })
  const sizes = prunableParameters(network).map(({ name, shape }) => [name, sizeOf(shape)] as const)
  const flags = fc.record(
    Object.fromEntries(
      sizes.map(([name, size]) => {
        const bit = fc.integer({ min: 0, max: 5 }).map((n) => (n === 0 ? 1 : 0))
        return [name, fc.array(bit, { minLength: size, maxLength: size }).map((bits) => Uint8Array.from(bits))]
      }),
    ),
  )
  const seen = new Set<boolean>()
  await fc.assert(
    fc.asyncProperty(flags, async (masks) => {
      const expected = reaches(network, masks)
      seen.add(expected)
      expect(await isConnected(engine, network, masks)).toBe(expected)
    }),
  )
  expect(seen.size).toBe(2)
})

describe('a residual network', () => {
  const network = model('resnet-8', { width: 2, inputShape: [8, 8, 3] })
  const without = (...names: string[]): Masks =>
    Object.fromEntries(
      Object.entries(denseMasks(network)).map(([name, mask]) => [
        name,
        names.some((part) => name.includes(part)) ? new Uint8Array(mask.length) : mask,
      ]),
    )

  test.each([
    ['whole', [], true],
    ['without the convolutions of all blocks, by the shortcuts', ['block1.conv'], true],
    ['without a projection, by its block', ['stage2.block1.shortcut'], true],
    ['without a block and its projection', ['stage2.block1'], false],
    ['without its first layer', ['conv1.kernel', 'x'], false],
    ['without its output layer', ['fc'], false],
  ])('%s', async (_, names, expected) => {
    const masks = names.includes('x') ? { ...without(), 'conv1.kernel': new Uint8Array(54) } : without(...names)
    expect(await isConnected(engine, network, masks)).toBe(expected)
  })
})

test('one weight a layer is a path where channels meet, at any depth', async () => {
  const network = model('vgg-19', { widthMultiplier: 1 / 64 })
  const path = (last: number): Masks =>
    Object.fromEntries(
      prunableParameters(network).map(({ name, shape }) => {
        const mask = new Uint8Array(sizeOf(shape))
        // The middle of a 3x3 kernel, from channel 0 to channel 0.
        mask[shape.length === 4 ? 4 * shape[2]! * shape[3]! : last] = 1
        return [name, mask]
      }),
    )
  expect(await isConnected(engine, network, path(0))).toBe(true)
  // The output layer listens to channel 1, which nothing feeds.
  expect(await isConnected(engine, network, path(network.classes!))).toBe(false)
})

test('a weight that only ever meets padding is no path', async () => {
  // On 2x2 images a corner of the kernel serves one position; twice the same corner serves none.
  const network = model('vgg-11', { widthMultiplier: 1 / 64, inputShape: [32, 32, 3] })
  const masks = (tap: (layer: string) => number): Masks =>
    Object.fromEntries(
      prunableParameters(network).map(({ name, shape }) => {
        const mask = new Uint8Array(sizeOf(shape))
        mask[shape.length === 4 ? tap(name) * shape[2]! * shape[3]! : 0] = 1
        return [name, mask]
      }),
    )
  const last = (name: string) => ['conv7.kernel', 'conv8.kernel'].includes(name)
  expect(
    await isConnected(
      engine,
      network,
      masks((name) => (name === 'conv7.kernel' ? 0 : 4)),
    ),
  ).toBe(true)
  expect(
    await isConnected(
      engine,
      network,
      masks((name) => (last(name) ? 0 : 4)),
    ),
  ).toBe(false)
  // There and back again.
  const back = (name: string) => (name === 'conv7.kernel' ? 0 : name === 'conv8.kernel' ? 8 : 4)
  expect(await isConnected(engine, network, masks(back))).toBe(true)
})
