/** A small residual network, compiled, against the same training on the reference backend. */
import { describe, expect, it } from 'vitest'
import {
  createEngine,
  type Engine,
  type LoopSignature,
  type StepFunction,
  sizeOf,
  type TensorFunction,
  type TensorSpec,
} from '../index.js'
import { tf } from '../tf.js'

const BATCH = 8
const EXAMPLES = 24
const SIDE = 12
const WIDTH = 4
const STEPS = 5

const spec = (shape: number[], dtype: TensorSpec['dtype'] = 'float32'): TensorSpec => ({ shape, dtype })
type T = Record<string, tf.Tensor>
type Specs = Record<string, TensorSpec>

const filters: Record<string, number[]> = {
  stem: [3, 3, 3, WIDTH],
  'block1.a': [3, 3, WIDTH, WIDTH],
  'block1.b': [3, 3, WIDTH, WIDTH],
  'block2.a': [3, 3, WIDTH, 2 * WIDTH],
  'block2.b': [3, 3, 2 * WIDTH, 2 * WIDTH],
  'block2.shortcut': [1, 1, WIDTH, 2 * WIDTH],
}
const params: Specs = { 'dense.kernel': spec([2 * WIDTH, 10]), 'dense.bias': spec([10]) }
const statistics: Specs = {}
for (const [name, shape] of Object.entries(filters)) {
  params[`${name}.kernel`] = spec(shape)
  for (const part of ['scale', 'offset']) params[`${name}.${part}`] = spec([shape[3]!])
  for (const part of ['mean', 'variance']) statistics[`${name}.${part}`] = spec([shape[3]!])
}

/** Logits, and the running statistics after this batch. */
function network(p: T, x: tf.Tensor, before: T): { logits: tf.Tensor; after: T } {
  const after: T = {}
  const convNorm = (h: tf.Tensor, name: string, stride = 1) => {
    const y = tf.conv2d(h as tf.Tensor4D, p[`${name}.kernel`] as tf.Tensor4D, stride, 'same')
    const { mean, variance } = tf.moments(y, [0, 1, 2])
    for (const [part, value] of Object.entries({ mean, variance })) {
      after[`${name}.${part}`] = tf.add(tf.mul(before[`${name}.${part}`]!, 0.9), tf.mul(value, 0.1))
    }
    const normal = tf.mul(tf.sub(y, mean), tf.rsqrt(tf.add(variance, 1e-5)))
    return tf.add(tf.mul(normal, p[`${name}.scale`]!), p[`${name}.offset`]!)
  }
  let h = tf.relu(convNorm(x, 'stem'))
  h = tf.relu(tf.add(h, convNorm(tf.relu(convNorm(h, 'block1.a')), 'block1.b')))
  h = tf.maxPool(h as tf.Tensor4D, 2, 2, 'valid')
  const shortcut = convNorm(h, 'block2.shortcut', 2)
  h = tf.relu(tf.add(shortcut, convNorm(tf.relu(convNorm(h, 'block2.a', 2)), 'block2.b')))
  const logits = tf.add(
    tf.matMul(tf.mean(h, [1, 2]) as tf.Tensor2D, p['dense.kernel'] as tf.Tensor2D),
    p['dense.bias']!,
  )
  return { logits, after }
}

/** Loss, gradients and running statistics of a batch whose examples a step chooses. */
function gradients(p: T, before: T, images: tf.Tensor, labels: tf.Tensor) {
  const names = Object.keys(params)
  let after: T = {}
  const { value, grads } = tf.valueAndGrads((...list: tf.Tensor[]) => {
    const found = network(Object.fromEntries(names.map((name, i) => [name, list[i]!])), images, before)
    // What leaves the closure beside the loss must be kept, or eager backends dispose of it.
    after = Object.fromEntries(Object.entries(found.after).map(([name, tensor]) => [name, tf.keep(tensor)]))
    const logs = tf.sub(found.logits, tf.logSumExp(found.logits, 1, true))
    return tf.neg(tf.mean(tf.sum(tf.mul(labels, logs), 1))) as tf.Scalar
  })(names.map((name) => p[name]!))
  return { value, grads: Object.fromEntries(names.map((name, i) => [name, grads[i]!])), after }
}

const pixels = (bytes: tf.Tensor) => tf.sub(tf.div(bytes.toFloat(), 64), 2)

const step: StepFunction = ({ carry, each, resident }) => {
  const { params: p, momentum, running } = carry as { params: T; momentum: T; running: T }
  const order = (each as T).order!.toInt()
  const x = pixels(tf.gather(resident.images as tf.Tensor, order))
  const labels = tf.oneHot(tf.gather(resident.labels as tf.Tensor, order).toInt(), 10).toFloat()
  const { value, grads, after } = gradients(p, running, x, labels)
  const next = { params: {} as T, momentum: {} as T, running: after }
  for (const name of Object.keys(params)) {
    next.momentum[name] = tf.add(tf.mul(momentum[name]!, 0.9), grads[name]!)
    next.params[name] = tf.sub(p[name]!, tf.mul((each as T).rate!, next.momentum[name]))
  }
  return { carry: next, out: { loss: value } }
}

const signature: LoopSignature = {
  carry: { params, momentum: params, running: statistics },
  each: { order: spec([BATCH], 'int32'), rate: spec([]) },
  resident: { images: spec([EXAMPLES, SIDE, SIDE, 3], 'uint8'), labels: spec([EXAMPLES], 'uint8') },
}

/** A small deterministic generator, so that the test needs nothing else. */
function lcg(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function inputs() {
  const random = lcg(7)
  const filled = (specs: Specs, value: (name: string, shape: readonly number[]) => number) =>
    Object.fromEntries(
      Object.entries(specs).map(([name, { shape }]) => [
        name,
        Float32Array.from({ length: sizeOf(shape) }, () => value(name, shape)),
      ]),
    )
  const weight = (name: string, shape: readonly number[]) => {
    const scale = Math.sqrt(6 / sizeOf(shape.slice(0, -1)))
    return name.endsWith('kernel') ? (2 * random() - 1) * scale : name.endsWith('scale') ? 1 : 0
  }
  return {
    carry: {
      params: filled(params, weight),
      momentum: filled(params, () => 0),
      running: filled(statistics, (name) => (name.endsWith('variance') ? 1 : 0)),
    },
    each: {
      order: Int32Array.from({ length: STEPS * BATCH }, () => Math.floor(random() * EXAMPLES)),
      rate: new Float32Array(STEPS).fill(0.001),
    },
    resident: {
      images: Uint8Array.from({ length: EXAMPLES * SIDE * SIDE * 3 }, () => random() * 256),
      labels: Uint8Array.from({ length: EXAMPLES }, () => random() * 10),
    },
  }
}

const engines = Promise.all([createEngine(), createEngine({ name: 'tensorflow' })])
const onBoth = async <R>(run: (engine: Engine) => Promise<R>) =>
  Promise.all((await engines).map(run)) as Promise<[R, R]>

/** The largest difference, relative to the largest entry of the reference. */
function difference(ours: Float32Array, theirs: Float32Array): number {
  const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs))
  return largest(ours.map((value, i) => value - theirs[i]!)) / largest(theirs)
}

describe('a small residual network', () => {
  it('has the gradients of the reference backend', async () => {
    const { carry, resident } = inputs()
    const batch = {
      images: spec([BATCH, SIDE, SIDE, 3], 'uint8'),
      labels: spec([BATCH], 'uint8'),
    }
    const slopes: TensorFunction = (tree) => {
      const { p, running, images, labels } = tree as { p: T; running: T; images: tf.Tensor; labels: tf.Tensor }
      const hot = tf.oneHot(labels.toInt(), 10).toFloat()
      return gradients(p, running, pixels(images), hot).grads
    }
    const [ours, theirs] = await onBoth(async (engine) => {
      const compiled = await engine.compile(slopes, { p: params, running: statistics, ...batch })
      return (await compiled.run({
        p: carry.params,
        running: carry.running,
        images: resident.images.slice(0, sizeOf(batch.images.shape)),
        labels: resident.labels.slice(0, BATCH),
      })) as Record<string, Float32Array>
    })
    const all = ({ ...trees }: Record<string, Float32Array>) =>
      Float32Array.from(Object.values(trees).flatMap((a) => [...a]))
    expect(difference(all(ours), all(theirs))).toBeLessThan(1e-5)
    // None was lost on the way.
    for (const [name, gradient] of Object.entries(ours))
      expect(
        gradient.some((g) => Math.abs(g) > 1e-4),
        name,
      ).toBe(true)
  })

  it('takes the same steps of momentum', async () => {
    const [ours, theirs] = await onBoth(async (engine) =>
      (await engine.compileLoop(step, signature)).run(inputs(), STEPS),
    )
    const [a, b] = [ours, theirs].map(({ out }) => out.loss as Float32Array)
    for (const [i, loss] of b!.entries()) expect(Math.abs(a![i]! / loss - 1), `step ${i}`).toBeLessThan(1e-5)
    for (const part of ['params', 'running'] as const) {
      const [mine, reference] = [ours, theirs].map(({ carry }) => carry[part] as Record<string, Float32Array>)
      for (const name of Object.keys(reference!)) {
        expect(difference(mine![name]!, reference![name]!), name).toBeLessThan(1e-4)
      }
    }
  })
})
