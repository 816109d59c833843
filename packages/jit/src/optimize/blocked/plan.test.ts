/** ONNX Runtime's blocked layout gives what the standard one and TensorFlow.js give, and is not left needlessly. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { hessianVector } from '../../curvature.js'
import { createEngine, type Engine, type HostTree, type SpecTree, sizeOf } from '../../index.js'
import { blockSize } from '../../run/block-size.js'
import { withGradients } from '../../testing.js'
import { tf } from '../../tf.js'
import { nodesOf } from '../../trace/graph.js'
import { trace } from '../../trace/trace.js'
import { channelsFirst } from '../channels-first.js'
import { simplify } from '../simplify.js'
import { inBlocks } from './plan.js'
import { example, numbers, randomNetworks, spec } from './random-network.testing.js'

let auto: Engine
let standard: Engine
let reference: Engine
beforeAll(async () => {
  tf.setBackend('cpu')
  await tf.ready()
  ;[auto, standard, reference] = await Promise.all([
    createEngine(),
    createEngine({ layout: 'standard' }),
    createEngine({ name: 'tensorflow' }),
  ])
})

type Numbers = Record<string, Float32Array>

async function run(
  engine: Engine,
  fn: (inputs: Record<string, tf.Tensor>) => object,
  signature: SpecTree,
  inputs: HostTree,
) {
  const compiled = await engine.compile(fn as never, signature)
  try {
    return (await compiled.run(inputs)) as Numbers
  } finally {
    await compiled.dispose()
  }
}

/** Every entry within a part of the largest one. */
function expectClose(found: Numbers, wanted: Numbers, part: number, what: string) {
  expect(Object.keys(found)).toEqual(Object.keys(wanted))
  for (const [name, values] of Object.entries(wanted)) {
    // Some gradients are zero but for rounding: those of a bias before a batch norm.
    const largest = values.reduce((max: number, value: number) => Math.max(max, Math.abs(value)), 0.1)
    const worst = values.reduce((max: number, value: number, i: number) => {
      const difference = Math.abs(value - found[name]![i]!)
      return Number.isNaN(difference) ? Infinity : Math.max(max, difference)
    }, 0)
    if (!(worst <= part * largest)) throw new Error(`${name} differs by ${worst} of ${largest}: ${what}`)
  }
}

const conv = (x: tf.Tensor, filter: tf.Tensor, stride = 1) =>
  tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, filter.shape[0] === 1 ? 'valid' : 1) as tf.Tensor

const runs = Number(process.env.BLOCKED_RUNS ?? 25)

describe('random networks in blocks', () => {
  it('have the values and gradients of TensorFlow.js', { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(randomNetworks, async (network) => {
      const { fn, signature, inputs } = example(network)
      const slopes = withGradients(fn)
      const what = JSON.stringify(network)
      const wanted = await run(reference, slopes, signature, inputs)
      expectClose(await run(auto, slopes, signature, inputs), wanted, 2e-4, `auto, ${what}`)
      expectClose(await run(standard, slopes, signature, inputs), wanted, 2e-4, `standard, ${what}`)
    })
    await fc.assert(property, { numRuns: runs })
  })

  it('have the same second derivatives as in the standard layout', { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(randomNetworks, async (network) => {
      const { fn, signature, inputs } = example(network)
      const names = Object.keys(signature)
      const product = hessianVector(fn, names)
      const all = { ...signature, ...Object.fromEntries(names.map((name) => [`d ${name}`, signature[name]!])) }
      const directions = names.map((name, i) => [`d ${name}`, numbers(inputs[name]!.length, i + 0.5)])
      const given = { ...inputs, ...Object.fromEntries(directions) }
      const wanted = await run(standard, product, all, given)
      expectClose(await run(auto, product, all, given), wanted, 1e-3, JSON.stringify(network))
    })
    await fc.assert(property, { numRuns: Math.ceil(runs / 3) })
  })
})

it('numbers of images that are spread over a row, and then over all rows, are those of TensorFlow.js', async () => {
  const fn = ({ x, filter }: Record<string, tf.Tensor>) => {
    const images = conv(x!, filter!)
    const row = images.mean([1, 2], true).mul(tf.fill([2, 1, 3, 16], 0.5))
    return { y: images.add(row.mul(tf.fill([2, 4, 3, 16], 0.25))) }
  }
  const signature = { x: spec([2, 4, 3, 16]), filter: spec([3, 3, 16, 16]) }
  const inputs = { x: numbers(2 * 4 * 3 * 16, 0), filter: numbers(9 * 16 * 16, 1) }
  const wanted = await run(reference, fn, signature, inputs)
  expectClose(await run(auto, fn, signature, inputs), wanted, 1e-5, 'auto')
})

it('means of plain products of single pixels, which broadcast, are those of TensorFlow.js', async () => {
  const fn = ({ x, filter, images, weights, factor }: Record<string, tf.Tensor>) => {
    const pixels = tf.depthwiseConv2d(images as tf.Tensor4D, weights as tf.Tensor4D, 1, 'valid')
    const sum = conv(x!, filter!).add(pixels.mul(factor!))
    return { mean: sum.mean([0, 1, 2]), sum }
  }
  for (const factor of [[3, 1, 1, 1], [1, 1, 1, 16], [16], [3, 1, 1, 16]]) {
    const shapes = { x: [3, 1, 1, 16], filter: [1, 1, 16, 16], images: [3, 2, 2, 16], weights: [2, 2, 16, 1], factor }
    const signature = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, spec(shape)]))
    const given = Object.entries(shapes).map(([name, shape], i) => [name, numbers(sizeOf(shape), i)])
    const inputs = Object.fromEntries(given)
    const wanted = await run(reference, fn, signature, inputs)
    expectClose(await run(auto, fn, signature, inputs), wanted, 1e-5, `a factor of ${factor}`)
  }
})

describe('the plan', () => {
  const signature = {
    x: spec([2, 8, 8, 3]),
    stem: spec([3, 3, 3, 16]),
    a: spec([3, 3, 16, 16]),
    b: spec([3, 3, 16, 32]),
    shortcut: spec([1, 1, 16, 32]),
    gain: spec([16]),
    dense: spec([32, 4]),
  }
  const logits = ({ x, stem, a, b, shortcut, gain, dense }: Record<string, tf.Tensor>) => {
    const h = tf.relu(conv(x!, stem!).mul(gain!))
    const g = tf.relu(conv(h, a!).add(h))
    const f = tf.relu(conv(g, b!, 2).add(conv(g, shortcut!, 2)))
    return tf.matMul(f.mean([1, 2]) as tf.Tensor2D, dense as tf.Tensor2D)
  }
  const opsOf = (fn: (inputs: Record<string, tf.Tensor>) => object, block: number) =>
    nodesOf(inBlocks(channelsFirst(simplify(trace(fn as never, signature))), block)).map(({ op }) => op)
  const counted = (ops: readonly string[], op: string) => ops.filter((name) => name === op).length

  it('keeps a forward pass in blocks from the first convolution to the mean', () => {
    const ops = opsOf((inputs) => ({ y: logits(inputs) }), 16)
    expect(ops.filter((op) => op === 'Block' || op === 'Unblock')).toEqual([])
    expect(counted(ops, 'BlockedConv2D')).toBe(4)
    // Gain, ReLU and residual sums are part of the convolutions.
    expect(ops.filter((op) => ['Relu', 'Add', 'BlockedAffine'].includes(op)).length).toBeLessThanOrEqual(1)
  })

  it('leaves blocks for the gradients of filters alone', () => {
    const names = Object.keys(signature).filter((name) => name !== 'x')
    const gradients = (inputs: Record<string, tf.Tensor>) => {
      const weights = names.map((name) => inputs[name]!)
      const loss = (...given: tf.Tensor[]) =>
        logits({ ...inputs, ...Object.fromEntries(names.map((name, i) => [name, given[i]!])) })
          .square()
          .sum() as tf.Scalar
      return Object.fromEntries(
        tf
          .grads(loss)(weights)
          .map((gradient, i) => [names[i]!, gradient]),
      )
    }
    const graph = inBlocks(channelsFirst(simplify(trace(gradients as never, signature))), 16)
    const users = nodesOf(graph).filter(({ inputs }) => inputs.some(({ node }) => node.op === 'Unblock'))
    expect(users.length).toBeGreaterThan(0)
    const filters = ['Conv2DBackpropFilter', 'BlockedConv2DBackpropFilter']
    for (const { op } of users) expect([...filters, 'Reshape']).toContain(op)
    const ops = nodesOf(graph).map(({ op }) => op)
    expect(counted(ops, 'Block')).toBe(0)
    // Those with one block of outputs take it as it is.
    expect(counted(ops, 'BlockedConv2DBackpropFilter')).toBeGreaterThan(0)
  })

  it('takes means of products, of batch norm and of its gradient, from their factors', () => {
    const loss = (inputs: Record<string, tf.Tensor>) => {
      const h = conv(inputs.x!, inputs.stem!)
      const centred = h.sub(h.mean([0, 1, 2]))
      const variance = centred.square().mean([0, 1, 2])
      return centred.mul(tf.rsqrt(variance.add(1e-5)).mul(inputs.gain!))
    }
    const slope = (inputs: Record<string, tf.Tensor>) => ({
      y: tf.grad((gain: tf.Tensor) => tf.relu(loss({ ...inputs, gain })).sum())(inputs.gain!),
    })
    const ops = opsOf(slope, 16)
    expect(counted(ops, 'BlockedMeanProduct')).toBe(2)
    expect(counted(ops, 'Square')).toBe(0)
  })

  it('adds gradients of strided convolutions before their pixels are put together', () => {
    const graph = (inputs: Record<string, tf.Tensor>) => {
      const loss = (x: tf.Tensor) =>
        conv(x, inputs.b!, 2)
          .add(conv(x, inputs.shortcut!, 2))
          .square()
          .sum() as tf.Scalar
      return { y: tf.grad(loss)(inputs.h!) }
    }
    const images = { ...signature, h: spec([2, 8, 8, 16]) }
    const ops = nodesOf(inBlocks(channelsFirst(simplify(trace(graph as never, images))), 16)).map(({ op }) => op)
    expect(counted(ops, 'BlockedConv2DBackpropInput')).toBe(2)
    expect(counted(ops, 'BlockedTogether')).toBe(1)
    expect(ops.filter((op) => op === 'Add' || op === 'BlockedAffine')).toEqual([])
  })

  it('leaves a graph as it is whose channels fill no block', () => {
    const small = { x: spec([1, 4, 4, 3]), filter: spec([3, 3, 3, 5]) }
    const graph = channelsFirst(
      simplify(trace(({ x, filter }) => ({ y: conv(x as tf.Tensor, filter as tf.Tensor) }), small)),
    )
    const ops = nodesOf(inBlocks(graph, 16)).map(({ op }) => op)
    expect(ops).toEqual(nodesOf(graph).map(({ op }) => op))
  })
})

describe('the layout of this machine', () => {
  it('is found once, and is one that the compiler knows', async () => {
    const size = await blockSize()
    expect([0, 8, 16]).toContain(size)
    expect(await blockSize()).toBe(size)
    if (size > 0) expect(auto.description).toContain(`blocks of ${size}`)
    expect(standard.description).not.toContain('blocks')
  })

  it('refuses another name', async () => {
    await expect(createEngine({ layout: 'blocked' as never })).rejects.toThrow("There is no layout 'blocked'")
  })
})
