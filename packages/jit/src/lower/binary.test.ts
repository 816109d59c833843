/** Kernels of two variables, broadcasting, against TensorFlow.js's `cpu` backend; gradients included. */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { broadcastable, check, LOOSE, shapes, tensor } from '../arbitraries.js'
import { expectSame, type Operand, withGradients } from '../testing.js'
import { tf } from '../tf.js'

describe('functions of two variables', () => {
  const pairs = (low = -3, high = 3, dtype: Operand['dtype'] = 'float32') =>
    broadcastable.chain(([a, b]) =>
      fc.record({ a: tensor([...a], low, high, dtype), b: tensor([...b], low, high, dtype) }),
    )
  type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor
  const differentiable: [string, Binary, number?][] = [
    ['add', tf.add],
    ['sub', tf.sub],
    ['mul', tf.mul],
    ['div', tf.div, 0.25],
    ['maximum', tf.maximum],
    ['minimum', tf.minimum],
    ['pow', tf.pow, 0.25],
    ['squaredDifference', tf.squaredDifference],
  ]
  it.each(differentiable)('%s broadcasts, and so do its gradients', async (_, fn, low = -3) => {
    await check(pairs(low), (operands) => expectSame(withGradients(fn), operands, LOOSE), 10)
  })

  const comparisons: [string, Binary][] = [
    ['equal', tf.equal],
    ['notEqual', tf.notEqual],
    ['less', tf.less],
    ['lessEqual', tf.lessEqual],
    ['greater', tf.greater],
    ['greaterEqual', tf.greaterEqual],
  ]
  it.each(comparisons)('%s of floats and of integers', async (_, fn) => {
    const compare = ({ a, b }: Record<string, unknown>) => ({ y: fn(a as tf.Tensor, b as tf.Tensor) })
    await check(pairs(-1, 1), (operands) => expectSame((inputs) => compare(inputs), operands))
    await check(pairs(-2, 2, 'int32'), (operands) => expectSame((inputs) => compare(inputs), operands))
  })

  const whole: [string, Binary, number][] = [
    ['add', tf.add, -9],
    ['sub', tf.sub, -9],
    ['mul', tf.mul, -9],
    ['maximum', tf.maximum, -9],
    ['minimum', tf.minimum, -9],
    ['floorDiv', tf.floorDiv, 1],
    ['mod', tf.mod, 1],
    ['squaredDifference', tf.squaredDifference, -9],
  ]
  it.each(whole)('%s of integers', async (_, fn, low) => {
    await check(pairs(low, 9, 'int32'), (operands) =>
      expectSame(({ a, b }) => ({ y: fn(a as tf.Tensor, b as tf.Tensor) }), operands),
    )
  })

  it('floorDiv and mod round towards minus infinity', async () => {
    const a: Operand = { shape: [6], dtype: 'int32', data: Int32Array.of(7, -7, 7, -7, 0, 2 ** 30) }
    const b: Operand = { shape: [6], dtype: 'int32', data: Int32Array.of(3, 3, -3, -3, 5, 7) }
    const both = ({ a, b }: Record<string, unknown>) => ({
      quotient: tf.floorDiv(a as tf.Tensor, b as tf.Tensor),
      remainder: tf.mod(a as tf.Tensor, b as tf.Tensor),
    })
    await expectSame((inputs) => both(inputs), { a, b })
  })

  it('mod leaves what is smaller than its divisor, of any size', async () => {
    const mod = ({ a, b }: Record<string, unknown>) => ({ remainder: tf.mod(a as tf.Tensor, b as tf.Tensor) })
    const floats = (...data: number[]): Operand => ({ shape: [5], dtype: 'float32', data: Float32Array.from(data) })
    await expectSame((inputs) => mod(inputs), {
      a: floats(1, 0.1, -0.1, 7.5, -7.5),
      b: floats(1e10, 1000, -1000, 2, 2),
    })
    const whole = (...data: number[]): Operand => ({ shape: [3], dtype: 'int32', data: Int32Array.from(data) })
    await expectSame((inputs) => mod(inputs), { a: whole(2e9, -5, 5), b: whole(2.1e9, 3, -3) })
  })

  it('logic of booleans', async () => {
    await check(pairs(0, 1, 'bool'), (operands) =>
      expectSame(({ a, b }) => {
        const [p, q] = [a as tf.Tensor, b as tf.Tensor]
        return {
          and: tf.logicalAnd(p, q),
          or: tf.logicalOr(p, q),
          not: tf.logicalNot(p),
          chosen: tf.where(p, q, tf.zerosLike(q)),
        }
      }, operands),
    )
  })

  it('where and prelu, with gradients', async () => {
    await check(pairs(), (operands) =>
      expectSame(
        withGradients((a, b) => tf.where(tf.greater(a, b), a, b)),
        operands,
      ),
    )
    await check(
      shapes(1).chain((shape) => fc.record({ a: tensor(shape, 0.125), b: tensor(shape) })),
      (operands) => expectSame(({ a, b }) => ({ y: tf.prelu(tf.neg(a as tf.Tensor), b as tf.Tensor) }), operands),
    )
  })

  it('addN', async () => {
    await check(
      shapes().chain((shape) => fc.record({ a: tensor(shape), b: tensor(shape), c: tensor(shape) })),
      (operands) =>
        expectSame(
          withGradients((a, b, c) => tf.addN([a, b, c!, a])),
          operands,
        ),
    )
  })
})
