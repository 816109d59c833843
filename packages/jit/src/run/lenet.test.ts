/** A training run of LeNet-300-100, compiled, against the same run on the reference backend. */
import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import {
  createEngine,
  type HostTree,
  isSpec,
  type LoopSignature,
  mapTree,
  type SpecTree,
  type StepFunction,
  sizeOf,
  type TensorSpec,
} from '../index.js'

const LAYERS = [784, 300, 100, 10]
const BATCH = 60
const EXAMPLES = 600

const spec = (shape: number[], dtype: TensorSpec['dtype'] = 'float32'): TensorSpec => ({ shape, dtype })
const params: Record<string, TensorSpec> = {}
for (let i = 0; i < 3; i++) {
  params[`fc${i}.kernel`] = spec([LAYERS[i]!, LAYERS[i + 1]!])
  params[`fc${i}.bias`] = spec([LAYERS[i + 1]!])
}
const signature: LoopSignature = {
  carry: { params, m: params, v: params },
  each: { order: spec([BATCH], 'int32'), rate: spec([]), correction: spec([]) },
  resident: { images: spec([EXAMPLES, 784], 'uint8'), labels: spec([EXAMPLES], 'uint8') },
}

type T = Record<string, tf.Tensor>

const step: StepFunction = ({ carry, each, resident }) => {
  const { params, m, v } = carry as { params: T; m: T; v: T }
  const { order, rate, correction } = each as T
  const x = tf
    .gather(resident.images as tf.Tensor, order!.toInt())
    .toFloat()
    .div(255) as tf.Tensor2D
  const labels = tf.oneHot(tf.gather(resident.labels as tf.Tensor, order!.toInt()).toInt(), 10).toFloat()
  const loss = (weights: T) => {
    let h: tf.Tensor2D = x
    for (let i = 0; i < 3; i++) {
      h = tf.add(tf.matMul(h, weights[`fc${i}.kernel`] as tf.Tensor2D), weights[`fc${i}.bias`]!)
      if (i < 2) h = tf.relu(h)
    }
    const shifted = tf.sub(h, tf.max(h, -1, true))
    const logs = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), -1, true)))
    return tf.neg(tf.mean(tf.sum(tf.mul(labels, logs), -1))) as tf.Scalar
  }
  const names = Object.keys(params)
  const { value, grads } = tf.valueAndGrads((...list: tf.Tensor[]) =>
    loss(Object.fromEntries(names.map((n, i) => [n, list[i]!]))),
  )(names.map((n) => params[n]!))
  const next: { params: T; m: T; v: T } = { params: {}, m: {}, v: {} }
  names.forEach((name, i) => {
    const g = grads[i]!
    next.m[name] = tf.add(tf.mul(m[name]!, 0.9), tf.mul(g, 0.1))
    next.v[name] = tf.add(tf.mul(v[name]!, 0.999), tf.mul(tf.square(g), 0.001))
    const denominator = tf.add(tf.mul(tf.sqrt(next.v[name]!), correction!), 1e-8)
    next.params[name] = tf.sub(params[name]!, tf.mul(rate!, tf.div(next.m[name]!, denominator)))
  })
  return { carry: next, out: { loss: value } }
}

/** A small deterministic generator, so that the test needs nothing else. */
function lcg(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Ten blurred prototypes with noise: learnable, so that Adam divides by no vanishing gradients. */
function images(random: () => number): { images: Uint8Array; labels: Uint8Array } {
  const prototypes = Array.from({ length: 10 }, () => {
    const bumps = Array.from({ length: 4 }, () => [28 * random(), 28 * random(), 3 + 5 * random()] as const)
    return (x: number, y: number) =>
      bumps.reduce((sum, [cx, cy, width]) => sum + Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * width ** 2)), 0)
  })
  const labels = Uint8Array.from({ length: EXAMPLES }, () => random() * 10)
  const pixels = new Uint8Array(EXAMPLES * 784)
  for (let i = 0; i < pixels.length; i++) {
    const [label, pixel] = [labels[Math.floor(i / 784)]!, i % 784]
    const value = prototypes[label]!(pixel % 28, Math.floor(pixel / 28)) + 0.3 * random()
    pixels[i] = Math.min(255, 160 * value)
  }
  return { images: pixels, labels }
}

function inputs(steps: number) {
  const random = lcg(1)
  const zeros = mapTree(params as SpecTree, isSpec, ({ shape }) => new Float32Array(sizeOf(shape))) as HostTree
  const weights = mapTree(params as SpecTree, isSpec, ({ shape }) => {
    const scale = shape.length === 2 ? Math.sqrt(6 / (shape[0]! + shape[1]!)) : 0
    return Float32Array.from({ length: sizeOf(shape) }, () => (2 * random() - 1) * scale)
  }) as HostTree
  const times = Array.from({ length: steps }, (_, t) => t + 1)
  return {
    carry: { params: weights, m: zeros, v: zeros },
    each: {
      order: Int32Array.from({ length: steps * BATCH }, () => Math.floor(random() * EXAMPLES)),
      rate: Float32Array.from(times, (t) => 1.2e-3 / (1 - 0.9 ** t)),
      correction: Float32Array.from(times, (t) => 1 / Math.sqrt(1 - 0.999 ** t)),
    },
    resident: images(random),
  }
}

describe('200 Adam steps of LeNet-300-100', () => {
  it('end in the weights of the reference backend', { timeout: 240_000 }, async () => {
    const data = inputs(200)
    const [fast, reference] = await Promise.all(
      [createEngine(), createEngine({ name: 'tensorflow' })].map(async (engine) =>
        (await engine).compileLoop(step, signature),
      ),
    )
    const ours = await fast!.run(data, 200)
    const theirs = await reference!.run(data, 200)
    const [a, b] = [ours, theirs].map(({ carry }) => carry.params as Record<string, Float32Array>)
    for (const name of Object.keys(params)) {
      const worst = a![name]!.reduce((max, value, i) => Math.max(max, Math.abs(value - b![name]![i]!)), 0)
      expect(worst).toBeLessThan(1e-4)
    }
  })
})
