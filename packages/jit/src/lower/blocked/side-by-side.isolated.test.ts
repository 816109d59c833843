/** Small images side by side give what they give each by itself. */
import { afterEach, expect, it, vi } from 'vitest'
import { createEngine, type Engine, sizeOf } from '../../index.js'
import { Builder, NCHWC } from '../../onnx/builder.js'
import { numbers, spec } from '../../optimize/blocked/random-network.testing.js'
import { blockSize } from '../../run/block-size.js'
import { withGradients } from '../../testing.js'
import { tf } from '../../tf.js'
import { emulateBlocks } from './emulated.testing.js'

vi.mock(import('../../run/block-size.js'), async (original) => ({ blockSize: vi.fn((await original()).blockSize) }))
afterEach(() => vi.restoreAllMocks())

type Numbers = Record<string, Float32Array>

const CHANNELS = 256

/** What a case convolves: images of some sides, and a square filter. */
interface Case {
  readonly batch: number
  readonly rows: number
  readonly columns: number
  readonly filter: number
  readonly stride?: number
  /** Widths of the blocked convolutions, forward and then for the gradient of the input. */
  readonly widths: readonly number[]
}

async function slopes(engine: Engine, { batch, rows, columns, filter, stride = 1 }: Case): Promise<Numbers> {
  const shapes = { x: [batch, rows, columns, CHANNELS], filter: [filter, filter, CHANNELS, CHANNELS] }
  const fn = withGradients((x, w) => tf.relu(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, 'same')))
  const signature = { x: spec(shapes.x), filter: spec(shapes.filter) }
  const compiled = await engine.compile(({ x, filter: w }) => fn({ x: x!, filter: w! }), signature)
  const inputs = { x: numbers(sizeOf(shapes.x)), filter: numbers(sizeOf(shapes.filter), 1) }
  const found = (await compiled.run(inputs)) as Numbers
  await engine.dispose()
  return found
}

const cases: Readonly<Record<string, Case>> = {
  'in one row': { batch: 6, rows: 3, columns: 2, filter: 3, widths: [6 * 3, 6 * 3] },
  'in several rows': { batch: 34, rows: 2, columns: 2, filter: 3, widths: [17 * 3, 17 * 3] },
  'with uneven padding': { batch: 4, rows: 4, columns: 4, filter: 2, widths: [4 * 5, 4 * 5] },
  'of single pixels': { batch: 3, rows: 1, columns: 4, filter: 1, widths: [3 * 4, 3 * 4] },
  'with wide filters': { batch: 2, rows: 3, columns: 3, filter: 5, widths: [2 * 5, 2 * 5] },
  'with strides, whose gradients have none': {
    batch: 2,
    rows: 4,
    columns: 4,
    filter: 3,
    stride: 2,
    widths: [2, 2 * 3],
  },
  'of a prime number, more than a row': { batch: 37, rows: 1, columns: 2, filter: 3, widths: [2, 2] },
  'too wide to gain': { batch: 2, rows: 1, columns: 5, filter: 3, widths: [5, 5] },
}

it.each(Object.entries(cases))('%s', async (_, example) => {
  const wanted = await slopes(await createEngine({ layout: 'standard' }), example)
  for (const block of [8, 16]) {
    const nodes = emulateBlocks(block)
    vi.mocked(blockSize).mockResolvedValue(block)
    const engine = await createEngine()
    expect(engine.description).toContain(`blocks of ${block}`)
    const found = await slopes(engine, example)
    const convolutions = nodes.mock.calls.filter(
      ([op, , , attributes = {}, domain]) => op === 'Conv' && domain === NCHWC && attributes.group === undefined,
    )
    expect(convolutions.map(([, , outputs]) => outputs[0]!.shape.at(-1))).toEqual(example.widths)
    for (const [name, values] of Object.entries(wanted)) {
      const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
      const worst = values.reduce((max, value, i) => Math.max(max, Math.abs(value - found[name]![i]!)), 0)
      expect(worst / largest, name).toBeLessThan(1e-5)
    }
    nodes.mockRestore()
  }
})

it('takes an empty batch', async () => {
  const engine = await createEngine()
  const compiled = await engine.compile(
    ({ x, filter }) => ({ y: tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same') }),
    { x: spec([0, 2, 2, CHANNELS]), filter: spec([3, 3, CHANNELS, CHANNELS]) },
  )
  const { y } = await compiled.run({ x: new Float32Array(0), filter: numbers(9 * CHANNELS ** 2) })
  expect(y).toEqual(new Float32Array(0))
  await engine.dispose()
})

it('leaves filters alone that a cache holds', async () => {
  const conv = vi.spyOn(Builder.prototype, 'addMany')
  const engine = await createEngine()
  const compiled = await engine.compile(
    ({ x, filter }) => ({ y: tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same') }),
    { x: spec([4, 4, 4, 32]), filter: spec([3, 3, 32, 32]) },
  )
  expect(conv.mock.calls.map(([op, , outputs]) => [op, outputs[0]!.shape.at(-1)])).toContainEqual(['Conv', 4])
  await compiled.dispose()
})
