/** Every lowering, on random shapes and values, against TensorFlow.js's `cpu` backend; gradients included. */
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectSame, type Operand, type Tolerance, withGradients } from '../testing.js'
import { kernels } from '../trace/shapes.js'
import { sizeOf } from '../tree.js'
import { loweredKernels } from './lower.js'

const RUNS = 6

const shapes = (minimum = 0, maximum = 3) =>
  fc.array(fc.integer({ min: 1, max: 4 }), { minLength: minimum, maxLength: maximum })

/** Values on a grid of eighths: exact in float32, and ties occur. */
const values = (low: number, high: number) =>
  fc.integer({ min: Math.ceil(low * 8), max: Math.floor(high * 8) }).map((n) => n / 8)

function tensor(shape: number[], low = -3, high = 3, dtype: Operand['dtype'] = 'float32'): fc.Arbitrary<Operand> {
  const size = sizeOf(shape)
  const numbers =
    dtype === 'float32'
      ? values(low, high)
      : dtype === 'bool'
        ? fc.integer({ min: 0, max: 1 })
        : fc.integer({ min: low, max: high })
  const Type = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array
  return fc
    .array(numbers, { minLength: size, maxLength: size })
    .map((list) => ({ shape, dtype, data: Type.from(list) as Operand['data'] }))
}

/** Two shapes that broadcast: sides replaced by 1, leading axes dropped. */
const broadcastable = shapes(0, 3).chain((shape) =>
  fc
    .tuple(
      fc.array(fc.boolean(), { minLength: 2 * shape.length, maxLength: 2 * shape.length }),
      fc.integer({ min: 0, max: shape.length }),
      fc.boolean(),
    )
    .map(([ones, drop, first]) => {
      const a = shape.map((side, i) => (ones[i] ? 1 : side))
      const b = shape.map((side, i) => (ones[i + shape.length] ? 1 : side))
      return first ? ([a.slice(drop), b] as const) : ([a, b.slice(drop)] as const)
    }),
)

const axis = (rank: number) => fc.integer({ min: -rank, max: rank - 1 })
const check = <T>(arbitrary: fc.Arbitrary<T>, body: (value: T) => Promise<void>, runs = RUNS) =>
  fc.assert(fc.asyncProperty(arbitrary, body), { numRuns: runs })

type Unary = (x: tf.Tensor) => tf.Tensor
const LOOSE: Tolerance = { absolute: 1e-4, relative: 1e-4 }

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

describe('reductions', () => {
  const cases = shapes(1).chain((shape) =>
    fc.record({
      x: tensor(shape),
      axis: fc.oneof<fc.Arbitrary<number | number[] | undefined>[]>(
        axis(shape.length),
        fc.constant(undefined),
        fc.constant([...shape.keys()]),
      ),
      keep: fc.boolean(),
    }),
  )
  const differentiable: [string, (x: tf.Tensor, axis?: number | number[], keep?: boolean) => tf.Tensor][] = [
    ['sum', tf.sum],
    ['mean', tf.mean],
    ['max', tf.max],
    ['min', tf.min],
    ['logSumExp', tf.logSumExp],
  ]
  it.each(differentiable)('%s and its gradient', async (_, fn) => {
    await check(
      cases,
      ({ x, axis, keep }) =>
        expectSame(
          withGradients((t) => fn(t, axis, keep)),
          { x },
          LOOSE,
        ),
      10,
    )
  })

  it('prod, any, all, argMax, argMin', async () => {
    await check(
      shapes(1).chain((shape) => fc.record({ x: tensor(shape, -1, 1), axis: axis(shape.length), keep: fc.boolean() })),
      ({ x, axis, keep }) =>
        expectSame(
          ({ x }) => {
            const t = x as tf.Tensor
            const flags = tf.greater(t, 0)
            return {
              product: tf.prod(t, axis, keep),
              any: tf.any(flags, axis, keep),
              all: tf.all(flags, axis, keep),
              largest: tf.argMax(t, axis),
              smallest: tf.argMin(t, axis),
              count: tf.sum(flags, axis, keep),
              whole: tf.sum(t.toInt(), axis, keep),
              most: tf.max(t.toInt(), axis, keep),
            }
          },
          { x },
        ),
    )
  })

  it('softmax, logSoftmax and cumsum along an axis, with gradients', async () => {
    await check(
      shapes(1).chain((shape) => tensor(shape)),
      (x) =>
        expectSame(
          withGradients((t) => tf.softmax(t)),
          { x },
          LOOSE,
        ),
    )
    await check(
      shapes(1).chain((shape) => tensor(shape)),
      (x) =>
        expectSame(
          withGradients((t) => tf.logSoftmax(t)),
          { x },
          LOOSE,
        ),
    )
    await check(
      shapes(1).chain((shape) =>
        fc.record({ x: tensor(shape), axis: fc.nat(shape.length - 1), exclusive: fc.boolean(), reverse: fc.boolean() }),
      ),
      ({ x, axis, exclusive, reverse }) =>
        expectSame(
          withGradients((t) => tf.cumsum(t, axis, exclusive, reverse)),
          { x },
        ),
    )
  })
})

describe('movement', () => {
  it('reshape, expandDims, squeeze, flatten', async () => {
    await check(
      shapes(1).chain((shape) => tensor(shape)),
      (x) =>
        expectSame(
          withGradients((t) => tf.mul(tf.squeeze(tf.expandDims(t, -1)).flatten(), tf.reshape(t, [-1]))),
          { x },
        ),
    )
  })

  it('transpose, with gradient', async () => {
    const permuted = shapes(2).chain((shape) =>
      fc.record({ x: tensor(shape), perm: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }) }),
    )
    await check(permuted, ({ x, perm }) =>
      expectSame(
        withGradients((t) => tf.transpose(t, perm)),
        { x },
      ),
    )
  })

  it('slice, pad, reverse, tile, with gradients', async () => {
    const parts = shapes(1).chain((shape) =>
      fc.record({
        x: tensor(shape),
        begin: fc.tuple(...shape.map((side) => fc.integer({ min: 0, max: side - 1 }))),
        pads: fc.tuple(...shape.map(() => fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })))),
        reps: fc.tuple(...shape.map(() => fc.integer({ min: 1, max: 3 }))),
        dims: fc.subarray([...shape.keys()]),
      }),
    )
    await check(parts, ({ x, begin, pads, reps, dims }) =>
      expectSame(
        withGradients((t) => {
          const size = x.shape.map((side, i) => side - begin[i]!)
          const shapedPads = pads as [number, number][]
          return tf.addN([
            tf.sum(tf.square(tf.slice(t, begin, size))),
            tf.sum(tf.square(tf.pad(t, shapedPads, 0))),
            tf.sum(tf.square(tf.tile(t, reps))),
            tf.sum(tf.mul(tf.reverse(t, dims), t)),
          ])
        }),
        { x },
        LOOSE,
      ),
    )
    await check(parts, ({ x, begin, pads, reps, dims }) =>
      expectSame(
        ({ x: t }) => {
          const y = t as tf.Tensor
          return {
            slice: tf.slice(y, begin),
            pad: tf.pad(y, pads as [number, number][], 1.5),
            tile: tf.tile(y, reps),
            reverse: tf.reverse(y, dims),
          }
        },
        { x },
      ),
    )
  })

  it('concat, stack, unstack, split, with gradients', async () => {
    const joined = shapes(1).chain((shape) =>
      fc.record({ a: tensor(shape), b: tensor(shape), axis: axis(shape.length) }),
    )
    await check(joined, ({ a, b, axis }) =>
      expectSame(
        withGradients((p, q) => tf.concat([p, q, p], axis)),
        { a, b },
      ),
    )
    await check(joined, ({ a, b, axis }) =>
      expectSame(
        withGradients((p, q) => tf.stack([p, q], axis)),
        { a, b },
      ),
    )
    await check(joined, ({ a, axis }) =>
      expectSame(({ x }) => Object.fromEntries(tf.unstack(x as tf.Tensor, axis).map((part, i) => [`part${i}`, part])), {
        x: a,
      }),
    )
    await check(
      shapes(1, 2).chain((shape) => tensor([6, ...shape])),
      (x) =>
        expectSame(
          ({ x }) => {
            const [a, b] = tf.split(x as tf.Tensor, [2, 4])
            const [c, d, e] = tf.split(x as tf.Tensor, 3)
            return { a: a!, b: b!, c: c!, d: d!, e: e! }
          },
          { x },
        ),
    )
  })

  it('gather along any axis, with its gradient, and from bytes', async () => {
    const gathered = shapes(1).chain((shape) =>
      axis(shape.length).chain((along) =>
        fc.record({
          x: tensor(shape),
          along: fc.constant(along),
          indices: shapes(1, 2).chain((of) => tensor(of, 0, shape.at(along)! - 1, 'int32')),
        }),
      ),
    )
    await check(gathered, ({ x, along, indices }) =>
      expectSame(
        ({ x, indices }) => {
          const rows = (t: tf.Tensor) => tf.square(tf.gather(t, indices as tf.Tensor1D, along))
          const [value, grad] = [rows(x as tf.Tensor), tf.grad(rows)(x as tf.Tensor)]
          return { value, grad }
        },
        { x, indices },
      ),
    )
    const bytes: Operand = { shape: [3, 2], dtype: 'uint8', data: Uint8Array.of(0, 255, 7, 8, 128, 1) }
    const indices: Operand = { shape: [2], dtype: 'int32', data: Int32Array.of(2, 0) }
    await expectSame(
      ({ bytes, indices }) => {
        const rows = tf.gather(bytes as tf.Tensor, indices as tf.Tensor1D)
        return { rows, scaled: rows.toFloat().div(255), joined: tf.concat([rows, rows.add(1)]), sum: tf.sum(rows) }
      },
      { bytes, indices },
    )
  })

  it('oneHot, with indices outside of it', async () => {
    const labels: Operand = { shape: [2, 3], dtype: 'int32', data: Int32Array.of(0, 3, 2, -1, 4, 1) }
    await expectSame(
      ({ labels }) => {
        const t = labels as tf.Tensor2D
        return { plain: tf.oneHot(t, 4), valued: tf.oneHot(t, 4, 0.5, -2, 'float32') }
      },
      { labels },
    )
  })

  it('constants that JSON cannot tell apart', async () => {
    const x: Operand = { shape: [3], dtype: 'float32', data: Float32Array.of(-2, 0, 2) }
    await expectSame(
      ({ x }) => {
        const t = x as tf.Tensor
        const none = Number.NEGATIVE_INFINITY
        return {
          upper: tf.clipByValue(t, none, 1),
          both: tf.clipByValue(t, none, Number.POSITIVE_INFINITY),
          plus: tf.div(t, tf.tensor1d([0, 1, 0])),
          minus: tf.div(t, tf.tensor1d([-0, 1, -0])),
        }
      },
      { x },
    )
  })

  it('constants and fills inside a function', async () => {
    await check(
      shapes(1).chain((shape) => tensor(shape)),
      (x) =>
        expectSame(
          ({ x }) => {
            const t = x as tf.Tensor
            return {
              ramp: tf.add(t, tf.range(0, t.shape.at(-1)!)),
              ones: tf.ones([2, 3]),
              fill: tf.fill([2], 7, 'int32'),
              unchanged: t,
              folded: tf.mul(tf.sqrt(tf.scalar(16)), tf.tensor1d([1, 2, 3])),
            }
          },
          { x },
        ),
    )
  })
})

describe('matrix products', () => {
  it('with every transposition and broadcast batch, with gradients', async () => {
    const side = fc.integer({ min: 1, max: 4 })
    const products = fc
      .tuple(side, side, side, fc.boolean(), fc.boolean(), fc.constantFrom([], [2], [1, 2]))
      .chain(([m, k, n, ta, tb, batch]) =>
        fc.record({
          a: tensor([...batch, ...(ta ? [k, m] : [m, k])]),
          b: tensor([...batch, ...(tb ? [n, k] : [k, n])]),
          flags: fc.constant([ta, tb] as const),
        }),
      )
    await check(
      products,
      ({ a, b, flags }) =>
        expectSame(
          withGradients((p, q) => tf.matMul(p, q, ...flags)),
          { a, b },
          LOOSE,
        ),
      20,
    )
  })

  it('take transposed operands in, and dot products', async () => {
    const a: Operand = { shape: [2, 3], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6) }
    await expectSame(
      ({ a }) => {
        const t = a as tf.Tensor2D
        return {
          gram: tf.matMul(t, tf.transpose(t)),
          other: tf.matMul(tf.transpose(t), t),
          dot: tf.dot(t, tf.tensor1d([1, 0, 2])),
        }
      },
      { a },
    )
  })
})

it('every traced kernel has a lowering', () => {
  const lowered = new Set([...loweredKernels, 'Fill', 'ZerosLike', 'OnesLike'])
  expect([...kernels.keys()].filter((name) => !lowered.has(name))).toEqual([])
})
