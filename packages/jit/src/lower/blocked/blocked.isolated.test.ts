/** Models in ONNX Runtime's blocked layout against the same models with its ops written out in standard ONNX. */
import fc from 'fast-check'
import * as ort from 'onnxruntime-node'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createEngine, type Engine, type SpecTree, sizeOf, type TensorFunction } from '../../index.js'
import { Builder, modelBytes, NCHWC, type OnnxNode, type Ref } from '../../onnx/builder.js'
import {
  example,
  numbers,
  type RandomNetwork,
  randomNetworks,
  spec,
} from '../../optimize/blocked/random-network.testing.js'
import { blockSize } from '../../run/block-size.js'
import { sessionOptions } from '../../run/session-options.js'
import { withGradients } from '../../testing.js'
import { tf } from '../../tf.js'
import { trace } from '../../trace/trace.js'
import { lowerCall } from '../lower.js'
import { emulateBlocks } from './emulated.testing.js'

vi.mock(import('../../run/block-size.js'), async (original) => ({ blockSize: vi.fn((await original()).blockSize) }))
afterEach(() => vi.restoreAllMocks())

type Numbers = Record<string, Float32Array>

/** The largest difference, as a part of the largest entry. */
function difference(found: Float32Array, wanted: Float32Array): number {
  expect(found.length).toBe(wanted.length)
  const largest = wanted.reduce((max, value) => Math.max(max, Math.abs(value)), 0.1)
  const differences = wanted.map((value, i) => Math.abs(value - found[i]!) / largest)
  return differences.every(Number.isFinite) ? Math.max(...differences) : Infinity
}

const size = await blockSize()

/** What the blocked ops are asked for, each on a small image. */
type Blocked = readonly [
  op: string,
  inputs: readonly (readonly number[])[],
  shape: readonly number[],
  OnnxNode['attributes'],
]
const [c, d] = [size, 2 * size]
const small = [2, c, 5, 6]
const same = { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }
const pixel = { kernel_shape: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] }
const ops: Readonly<Record<string, Blocked>> = {
  'images, channels first': ['ReorderInput', [small], small, { channels_last: 0 }],
  'images, channels last': ['ReorderInput', [[2, 5, 6, c]], small, { channels_last: 1 }],
  'images, a block that is not full': ['ReorderInput', [[2, c + 4, 5, 6]], [2, d, 5, 6], { channels_last: 0 }],
  'blocks, channels first': ['ReorderOutput', [small], small, { channels: c, channels_last: 0 }],
  'blocks, channels last': ['ReorderOutput', [[2, d, 5, 6]], [2, 5, 6, d], { channels: d, channels_last: 1 }],
  'blocks, of which one is not full': [
    'ReorderOutput',
    [[2, d, 5, 6]],
    [2, 5, 6, c + 4],
    { channels: c + 4, channels_last: 1 },
  ],
  'a convolution': ['Conv', [small, [d, c, 3, 3]], [2, d, 5, 6], same],
  'a convolution of few channels': [
    'Conv',
    [
      [2, 3, 5, 6],
      [c, 3, 3, 3],
    ],
    small,
    same,
  ],
  'a convolution of single pixels': ['Conv', [small, [d, c, 1, 1]], [2, d, 5, 6], pixel],
  'a convolution of every third pixel': ['Conv', [small, [d, c, 1, 1]], [2, d, 2, 2], { ...pixel, strides: [3, 3] }],
  'a convolution with strides and uneven padding': [
    'Conv',
    [small, [c, c, 3, 2]],
    [2, c, 3, 2],
    { kernel_shape: [3, 2], strides: [2, 3], pads: [2, 0, 0, 1] },
  ],
  'a convolution that adds a bias, adds a tensor, and takes the ReLU': [
    'Conv',
    [small, [c, c, 3, 3], [c], small],
    small,
    { ...same, activation: 'Relu' },
  ],
  'a product by channel, with all that': [
    'Conv',
    [small, [c, 1, 1, 1], [c], small],
    small,
    { kernel_shape: [1, 1], group: c, activation: 'Relu' },
  ],
  'a sum of products by channel': [
    'Conv',
    [
      [1, d, 5, 6],
      [d, 1, 5, 6],
    ],
    [1, d, 1, 1],
    { kernel_shape: [5, 6], group: d },
  ],
  maxima: ['MaxPool', [small], [2, c, 2, 3], { kernel_shape: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] }],
  'every second pixel': ['AveragePool', [small], [2, c, 3, 3], { ...pixel, strides: [2, 2] }],
  'means of images': ['GlobalAveragePool', [small], [2, c, 1, 1], {}],
}

/** Runs one op of the blocked domain, or what stands for it. */
async function runOp([op, shapes, shape, attributes]: Blocked): Promise<Float32Array> {
  const builder = new Builder()
  const inputs = shapes.map((input, i): Ref => builder.declare({ name: `in${i}`, shape: input, type: 'float32' }))
  const y = builder.add(op, inputs, shape, 'float32', attributes, NCHWC)
  const { nodes, initializers } = builder
  const model = modelBytes({ name: 'op', nodes, initializers, inputs, outputs: [y] })
  const session = await ort.InferenceSession.create(model, sessionOptions(1))
  try {
    const feeds = inputs.map(({ name, shape: dims }, i) => [name, new ort.Tensor(numbers(sizeOf(dims), i), [...dims])])
    return (await session.run(Object.fromEntries(feeds)))[y.name]!.data as Float32Array
  } finally {
    await session.release()
  }
}

// An upgrade of onnxruntime-node must not change what these undocumented ops do.
describe.skipIf(size === 0)('an op of the blocked domain does what standard ONNX does', () => {
  it.each(Object.entries(ops))('%s', async (_, blocked) => {
    const found = await runOp(blocked)
    emulateBlocks(size)
    expect(difference(found, await runOp(blocked))).toBeLessThan(1e-6)
  })
})

/** An engine for blocks of the given size, whose ops are written out in standard ONNX. */
async function emulatedEngine(block: number): Promise<Engine> {
  emulateBlocks(block)
  vi.mocked(blockSize).mockResolvedValue(block)
  const engine = await createEngine()
  expect(engine.description).toContain(`blocks of ${block}`)
  return engine
}

async function run(engine: Engine, fn: TensorFunction, signature: SpecTree, inputs: Numbers): Promise<Numbers> {
  const compiled = await engine.compile(fn, signature)
  try {
    return (await compiled.run(inputs)) as Numbers
  } finally {
    await compiled.dispose()
  }
}

/** Networks with every op that knows the size of a block. */
const known: readonly RandomNetwork[] = [
  { layers: ['conv 3x3', 'maxima 2x2', 'relu', 'conv 1x1 / 2'], input: [2, 8, 8, 3] },
  { layers: ['conv 3x3 / 2, same', 'by image', 'pixels / 2', 'conv 1x1'], input: [2, 8, 7, 16] },
  { layers: ['conv 3x3 by eights', 'batch norm', 'relu', 'conv 3x3 / 2'], input: [1, 6, 6, 8] },
]

describe('machines with other blocks', () => {
  it.each([8, 16])('of %i channels give the numbers of the standard layout', async (block) => {
    const standard = await createEngine({ layout: 'standard' })
    const emulated = await emulatedEngine(block)
    const property = fc.asyncProperty(randomNetworks, async (network) => {
      const { fn, signature, inputs } = example(network)
      const slopes = withGradients(fn)
      const wanted = await run(standard, slopes, signature, inputs)
      const found = await run(emulated, slopes, signature, inputs)
      for (const [name, values] of Object.entries(wanted)) {
        expect(difference(found[name]!, values), `${name}: ${JSON.stringify(network)}`).toBeLessThan(2e-4)
      }
    })
    await fc.assert(property, {
      numRuns: Number(process.env.BLOCKED_RUNS ?? 12),
      examples: known.map((network): [RandomNetwork] => [network]),
    })
  })

  it('and a loop of training steps', async () => {
    const shapes = { filter: [3, 3, 3, 16], second: [3, 3, 16, 16], x: [2, 6, 6, 3] }
    const steps = 3
    const signature = {
      carry: { filter: spec(shapes.filter), second: spec(shapes.second) },
      each: { x: spec(shapes.x) },
      resident: {},
    }
    const step = ({ carry, each }: { carry: Record<string, tf.Tensor>; each: Record<string, tf.Tensor> }) => {
      const loss = (filter: tf.Tensor, second: tf.Tensor) => {
        const h = tf.relu(tf.conv2d(each.x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'))
        const y = tf.relu(tf.conv2d(h, second as tf.Tensor4D, 2, 'same'))
        return y.square().mean() as tf.Scalar
      }
      const { value, grads } = tf.valueAndGrads(loss)([carry.filter!, carry.second!])
      const next = (x: tf.Tensor, gradient: tf.Tensor) => x.sub(gradient.mul(0.1))
      return {
        carry: { filter: next(carry.filter!, grads[0]!), second: next(carry.second!, grads[1]!) },
        out: { value },
      }
    }
    const inputs = {
      carry: { filter: numbers(sizeOf(shapes.filter), 1), second: numbers(sizeOf(shapes.second), 2) },
      each: { x: numbers(steps * sizeOf(shapes.x)) },
      resident: {},
    }
    const results = []
    for (const engine of [await createEngine({ layout: 'standard' }), await emulatedEngine(8)]) {
      const loop = await engine.compileLoop(step as never, signature)
      results.push((await loop.run(inputs, steps)) as unknown as { carry: Numbers; out: Numbers })
      await engine.dispose()
    }
    const [wanted, found] = results
    expect(difference(found!.out.value!, wanted!.out.value!)).toBeLessThan(1e-5)
    expect(difference(found!.carry.filter!, wanted!.carry.filter!)).toBeLessThan(1e-5)
    expect(difference(found!.carry.second!, wanted!.carry.second!)).toBeLessThan(1e-5)
  })
})

it('has no op of the blocked domain in the standard layout, and does not import it', () => {
  const signature = { x: spec([2, 6, 6, 16]), filter: spec([3, 3, 16, 16]) }
  const slopes = withGradients((x, filter) =>
    tf.relu(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same')).mean([1, 2]),
  )
  const graph = trace(({ x, filter }) => slopes({ x: x!, filter: filter! }), signature)
  const text = (block: number) => Buffer.from(lowerCall(graph, { precision: 'float32', block })).toString('latin1')
  expect(text(0)).not.toContain(NCHWC)
  expect(text(16)).toContain(NCHWC)
})
