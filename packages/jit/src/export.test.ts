/** Files of standard ONNX compute what the function does, and hold the weights. */
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { createEngine, exportOnnx, type HostTree, type SpecTree, sizeOf } from './index.js'
import { numbers, spec } from './optimize/blocked/random-network.testing.js'
import { tf } from './tf.js'

type Numbers = Record<string, Float32Array>

const shapes = {
  images: [2, 6, 6, 16],
  'weights/filter': [3, 3, 16, 32],
  'weights/gain': [6, 32],
  'weights/kernel': [32, 8],
}
const signature = {
  images: spec(shapes.images),
  weights: {
    filter: spec(shapes['weights/filter']),
    gain: spec(shapes['weights/gain']),
    kernel: spec(shapes['weights/kernel']),
  },
}
const images = numbers(sizeOf(shapes.images))
const weights = {
  filter: numbers(sizeOf(shapes['weights/filter']), 1),
  gain: numbers(sizeOf(shapes['weights/gain']), 2),
  kernel: numbers(sizeOf(shapes['weights/kernel']), 3),
}

/** Has a convolution that fills blocks, a sum of a scaled tensor, and a product of stacks that is turned. */
function network({ images: x, weights: w }: Record<string, unknown>) {
  const { filter, gain, kernel } = w as Record<string, tf.Tensor>
  const h = tf.relu(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'))
  const shifted = h.add(tf.mul(h.square(), tf.scalar(0.1)))
  const rows = shifted.mean(1)
  const mixed = tf.matMul(rows, tf.stack([gain!, gain!]), true, false)
  return { logits: tf.matMul(mixed.mean(1) as tf.Tensor2D, kernel as tf.Tensor2D), rows }
}

describe('exportOnnx', () => {
  const file = exportOnnx(network as never, signature, { weights })

  it('gives a model that computes the same, whose only input is the one without constants', async () => {
    const session = await ort.InferenceSession.create(file)
    expect(session.inputNames).toEqual(['images'])
    expect(session.outputNames).toEqual(['logits', 'rows'])
    const found = await session.run({ images: new ort.Tensor('float32', images, shapes.images) })
    await session.release()

    const reference = await createEngine({ name: 'tensorflow' })
    const compiled = await reference.compile(network as never, signature)
    const wanted = (await compiled.run({ images, weights })) as Numbers
    for (const [name, values] of Object.entries(wanted)) {
      const got = found[name]!.data as Float32Array
      expect(got.length).toBe(values.length)
      const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
      for (const [i, value] of values.entries()) expect(Math.abs(got[i]! - value)).toBeLessThan(1e-5 * largest)
    }
    await reference.dispose()
  })

  it('has no op but those of ONNX, where the engine has some', () => {
    expect(Buffer.from(file).toString('latin1')).not.toContain('com.microsoft')
  })

  it('keeps the names of weights', () => {
    expect(Buffer.from(file).toString('latin1')).toContain('weights/filter')
  })

  it.each<[string, SpecTree, HostTree, string]>([
    ['that is no input', signature, { bias: weights.gain }, "'bias' is not an input"],
    ['of another length', signature, { weights: { ...weights, gain: weights.kernel } }, 'weights/gain'],
  ])('refuses a constant %s', (_, given, constants, message) => {
    expect(() => exportOnnx(network as never, given, constants)).toThrow(message)
  })

  it('refuses an output that is named as an input', () => {
    const same = ({ x }: Record<string, unknown>) => ({ x: tf.relu(x as tf.Tensor) })
    expect(() => exportOnnx(same as never, { x: spec([2]) })).toThrow("'x' is an input and an output")
  })

  it.each([
    ['%0', 'y'],
    ['x', '%0'],
  ])('refuses names of its own: %j to %j', (input, output) => {
    const fn = (given: Record<string, unknown>) => ({ [output]: tf.relu(tf.tanh(given[input] as tf.Tensor)) })
    expect(() => exportOnnx(fn as never, { [input]: spec([2]) })).toThrow("'%0' begins with '%'")
  })
})
