/** Kernels of one variable, on random shapes and values, against TensorFlow.js's `cpu` backend; gradients included. */
import { describe, it } from 'vitest'
import { check, LOOSE, shapes, tensor, type Unary } from '../arbitraries.js'
import { expectSame, type Operand, withGradients } from '../testing.js'
import { tf } from '../tf.js'

describe('functions of one variable', () => {
  const differentiable: [string, Unary, number?, number?][] = [
    ['abs', tf.abs, 0.125],
    ['neg', tf.neg],
    ['exp', tf.exp],
    ['expm1', tf.expm1],
    ['log', tf.log, 0.125],
    ['log1p', tf.log1p, -0.5],
    ['sqrt', tf.sqrt, 0.125],
    ['rsqrt', tf.rsqrt, 0.125],
    ['square', tf.square],
    ['relu', tf.relu],
    ['relu6', tf.relu6, -2, 8],
    ['elu', tf.elu],
    ['leakyRelu', (x) => tf.leakyRelu(x, 0.3)],
    ['sigmoid', tf.sigmoid],
    ['tanh', tf.tanh],
    ['sin', tf.sin],
    ['cos', tf.cos],
    ['erf', tf.erf],
    ['reciprocal', tf.reciprocal, 0.25],
    ['softplus', tf.softplus],
    ['clipByValue', (x) => tf.clipByValue(x, -1.06, 1.06)],
  ]
  it.each(differentiable)('%s and its gradient', async (_, fn, low = -3, high = 3) => {
    await check(
      shapes().chain((shape) => tensor(shape, low, high)),
      (x) => expectSame(withGradients(fn), { x }, LOOSE),
    )
  })

  const others: [string, Unary][] = [
    ['sign', tf.sign],
    ['floor', tf.floor],
    ['ceil', tf.ceil],
    ['round', tf.round],
    ['step', (x) => tf.step(x)],
    ['step with alpha', (x) => tf.step(x, 0.3)],
    ['toInt', (x) => x.toInt()],
    ['toBool', (x) => x.toBool()],
    ['zerosLike', tf.zerosLike],
    ['onesLike', tf.onesLike],
    ['clone', (x) => x.clone()],
  ]
  it.each(others)('%s', async (_, fn) => {
    await check(
      shapes().chain((shape) => tensor(shape)),
      (x) => expectSame(({ x }) => ({ y: fn(x as tf.Tensor) }), { x }),
    )
  })

  it('expm1 and log1p keep their digits near zero and their limits far from it', async () => {
    const points = [0, 1, 3, 5, 7, 9].flatMap((power) => [10 ** -power, -(10 ** -power)]).filter((x) => x > -1)
    const data = Float32Array.of(...points, 1e-20, 5, 80, 1e9)
    const x: Operand = { shape: [data.length], dtype: 'float32', data }
    await expectSame(
      ({ x }) => ({ expm1: tf.expm1(tf.minimum(x as tf.Tensor, 80)), log1p: tf.log1p(x as tf.Tensor) }),
      { x },
      { absolute: 0, relative: 2e-6 },
    )
    const limits: Operand = {
      shape: [3],
      dtype: 'float32',
      data: Float32Array.of(-1, Number.POSITIVE_INFINITY, Number.NaN),
    }
    await expectSame(({ x }) => ({ expm1: tf.expm1(x as tf.Tensor), log1p: tf.log1p(x as tf.Tensor) }), { x: limits })
  })

  it('tells NaN and infinities apart, and lets them pass', async () => {
    const x: Operand = {
      shape: [5],
      dtype: 'float32',
      data: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0),
    }
    await expectSame(
      ({ x }) => {
        const t = x as tf.Tensor
        return {
          nan: tf.isNaN(t),
          inf: tf.isInf(t),
          finite: tf.isFinite(t),
          sum: tf.add(t, 1),
          product: tf.mul(t, t),
          exp: tf.exp(t),
          total: tf.sum(t),
        }
      },
      { x },
    )
  })
})
