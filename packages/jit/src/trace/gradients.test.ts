/** Gradients through logic, and second derivatives that TensorFlow.js cannot give. */
import { describe, expect, it } from 'vitest'
import { createEngine, type TensorFunction, traceHash } from '../index.js'
import { tf } from '../tf.js'

const points = Float32Array.of(-1.5, -0.3, 0.4, 1.2)
const signature = { x: { shape: [4], dtype: 'float32' as const } }
type Fn = (x: tf.Tensor) => tf.Tensor
const gradient = (fn: Fn) => tf.grad((x: tf.Tensor) => tf.sum(fn(x)))
const compiled = async (fn: Fn) => {
  const loss: TensorFunction = ({ x }) => ({
    first: gradient(fn)(x as tf.Tensor),
    second: gradient(gradient(fn))(x as tf.Tensor),
  })
  return (await (await createEngine()).compile(loss, signature)).run({ x: points })
}

describe('derivatives through logic equal the closed form', () => {
  const inside = (x: number) => x > -1 && x < 1
  const cases: [string, Fn, (x: number) => number, (x: number) => number][] = [
    [
      'and',
      (x) => tf.where(tf.logicalAnd(tf.greater(x, -1), tf.less(x, 1)), tf.pow(x, 3), tf.square(x)),
      (x) => (inside(x) ? 3 * x * x : 2 * x),
      (x) => (inside(x) ? 6 * x : 2),
    ],
    [
      'or and not',
      (x) => tf.where(tf.logicalNot(tf.logicalOr(tf.less(x, -1), tf.greater(x, 1))), tf.pow(x, 3), tf.square(x)),
      (x) => (inside(x) ? 3 * x * x : 2 * x),
      (x) => (inside(x) ? 6 * x : 2),
    ],
    [
      'clipping',
      (x) => tf.square(tf.clipByValue(x, -1, 1)),
      (x) => (inside(x) ? 2 * x : 0),
      (x) => (inside(x) ? 2 : 0),
    ],
  ]
  it.each(cases)('%s', async (_, fn, first, second) => {
    const found = (await compiled(fn)) as Record<string, Float32Array>
    for (const [i, x] of points.entries()) {
      expect(found.first![i]).toBeCloseTo(first(x), 4)
      expect(found.second![i]).toBeCloseTo(second(x), 4)
    }
  })
})

describe('ops whose second derivative TensorFlow.js gets wrong', () => {
  const labels = () => tf.tensor2d([[1, 0, 0, 0]])
  const row = (x: tf.Tensor) => x.reshape([1, 4]) as tf.Tensor2D
  const cases: [string, Fn][] = [
    ['logSoftmax', (x) => tf.square(tf.logSoftmax(x))],
    ['softmaxCrossEntropy', (x) => tf.square(tf.losses.softmaxCrossEntropy(labels(), row(x)))],
  ]
  it.each(cases)('%s refuses one, and gives a first', async (name, fn) => {
    await expect(compiled(fn)).rejects.toThrow(new RegExp(`second derivative of tf ${name} wrong; compose it from`))
    expect(() => traceHash(({ x }) => ({ y: gradient(fn)(x as tf.Tensor) }), signature)).not.toThrow()
  })

  it('composed as the error says, it has the right one', async () => {
    const { second } = (await compiled((x) => tf.square(tf.sub(x, tf.logSumExp(x, -1, true))))) as Record<
      string,
      Float32Array
    >
    // d/dx of the sum of the gradient, by central differences of the gradient in double precision.
    const slopeSum = (x: number[]) => {
      const total = Math.log(x.reduce((sum, v) => sum + Math.exp(v), 0))
      const logs = x.map((v) => v - total)
      const all = 2 * logs.reduce((sum, v) => sum + v, 0)
      return logs.reduce((sum, log) => sum + 2 * log - all * Math.exp(log), 0)
    }
    const x = [...points]
    for (const i of x.keys()) {
      const [up, down] = [1e-4, -1e-4].map((h) => slopeSum(x.with(i, x[i]! + h)))
      expect(second![i]).toBeCloseTo((up! - down!) / 2e-4, 3)
    }
  })
})
