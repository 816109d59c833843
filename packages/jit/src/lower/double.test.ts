/** The same traces in doubles: against the `cpu` backend, and against differences far below single precision. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { check, LOOSE, tensor } from '../arbitraries.js'
import { createEngine, type SpecTree, sizeOf, type TensorFunction } from '../index.js'
import { expectSame, withGradients } from '../testing.js'
import { tf } from '../tf.js'
import { convolutionWindows, poolWindows } from '../trace/windows.js'

type Fn = (...operands: tf.Tensor[]) => tf.Tensor
type Arrays = Record<string, Float64Array>

const doubles = createEngine({ precision: 'float64' })
const few = fc.integer({ min: 1, max: 3 })
const side = fc.integer({ min: 1, max: 5 })
const cases = fc
  .record({
    shape: fc.tuple(few, side, side, few),
    kernel: fc.tuple(few, few),
    strides: fc.tuple(few, few),
    pad: fc.constantFrom('same', 'valid'),
    outputs: few,
  })
  .filter(({ shape, kernel, ...how }) => convolutionWindows(shape, [...kernel, 1], how) !== undefined)
  .filter(({ shape, kernel, ...how }) => poolWindows(shape, { filterSize: kernel, ...how }) !== undefined)
  .chain(({ shape, kernel, outputs, ...how }) =>
    fc.record({
      x: tensor([...shape], -1, 1),
      filter: tensor([...kernel, shape[3], outputs]),
      how: fc.constant({ ...how, kernel }),
    }),
  )

describe('in doubles', () => {
  it('window ops and their derivatives are the reference', async () => {
    await check(
      cases,
      async ({ x, filter, how: { kernel, strides, pad } }) => {
        const [images, ops] = [(t: tf.Tensor) => t as tf.Tensor4D, [strides, pad as 'same'] as const]
        const conv: Fn = (a, w) => tf.conv2d(images(a), images(w), ...ops)
        const depthwise: Fn = (a, w) => tf.depthwiseConv2d(images(a), images(w), ...ops)
        const max: Fn = (a) => tf.maxPool(images(a), kernel, ...ops)
        const mean: Fn = (a) => tf.avgPool(images(a), kernel, ...ops)
        for (const fn of [conv, depthwise]) await expectSame(twice(fn), { x, filter }, LOOSE, await doubles)
        for (const fn of [max, mean]) await expectSame(twice(fn), { x }, LOOSE, await doubles)
      },
      8,
    )
  })

  const functions: [string, Fn][] = [
    ['relu', tf.relu],
    ['elu', tf.elu],
    ['softplus', tf.softplus],
    ['leakyRelu', (x) => tf.leakyRelu(x, 0.25)],
    ['step', (x) => tf.mul(x, tf.step(x))],
    ['softmax', (x) => tf.softmax(x)],
    ['clip', (x) => tf.clipByValue(x, -1, 1)],
    ['matMul', (x) => tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D, false, true)],
    ['gather', (x) => tf.gather(x, tf.tensor1d([1, 0, 1], 'int32'))],
    ['choice', (x) => tf.where(tf.greater(x, 0.5), tf.exp(x), tf.max(x, 1, true))],
    ['cumsum', (x) => tf.cumsum(x, 1)],
    ['pow', (x) => tf.pow(tf.add(tf.abs(x), 0.5), 1.5)],
  ]
  it.each(functions)('%s is the reference', async (_, fn) => {
    await check(tensor([2, 3]), async (x) => expectSame(withGradients(fn), { x }, LOOSE, await doubles), 3)
  })

  it('derivatives of a network equal differences far below single precision', { timeout: 240_000 }, async () => {
    const sides: Record<string, number[]> = {
      x: [2, 6, 6, 2],
      a: [3, 3, 2, 3],
      b: [3, 3, 3, 3],
      scale: [3],
      dense: [3, 4],
    }
    const signature: SpecTree = Object.fromEntries(
      Object.entries(sides).map(([name, shape]) => [name, { shape, dtype: 'float32' as const }]),
    )
    const names = Object.keys(signature)
    const loss = (...[x, a, b, scale, dense]: tf.Tensor[]) => {
      let h = tf.conv2d(x as tf.Tensor4D, a as tf.Tensor4D, 1, 'same') as tf.Tensor
      const centred = tf.sub(h, tf.mean(h, [0, 1, 2]))
      h = tf.mul(centred, tf.mul(scale!, tf.rsqrt(tf.add(tf.mean(tf.square(centred), [0, 1, 2]), 1e-3))))
      h = tf.maxPool(tf.relu(h) as tf.Tensor4D, 2, 2, 'valid')
      h = tf.avgPool(tf.conv2d(h as tf.Tensor4D, b as tf.Tensor4D, 2, 'same'), 3, 1, 'same')
      const logits = tf.matMul(tf.mean(h, [1, 2]) as tf.Tensor2D, dense as tf.Tensor2D)
      return tf.mean(tf.square(tf.sub(tf.logSumExp(logits, 1), 1))) as tf.Scalar
    }
    const along = (...operands: tf.Tensor[]) =>
      tf.addN(
        tf
          .grads(loss)(operands)
          .map((g, i) => tf.sum(tf.mul(g, directionOf(i, g)))),
      ) as tf.Scalar
    const all: TensorFunction = (inputs) => {
      const operands = names.map((name) => inputs[name] as tf.Tensor)
      const { value, grads } = tf.valueAndGrads(loss)(operands)
      const slope = tf.addN(grads.map((g, i) => tf.sum(tf.mul(g, directionOf(i, g)))))
      const curved = Object.fromEntries(
        tf
          .grads(along)(operands)
          .map((g, i) => [`h${i}`, g]),
      )
      return { value, slope, ...curved, ...Object.fromEntries(grads.map((g, i) => [`g${i}`, g])) }
    }
    const compiled = await (await doubles).compile(all, signature)
    const at = (t: number) =>
      compiled.run(
        Object.fromEntries(
          names.map((name, k) => {
            const size = sizeOf(sides[name]!)
            return [
              name,
              Float64Array.from({ length: size }, (_, i) => Math.sin(1 + 2.3 * i + k) + t * direction(k, i)),
            ]
          }),
        ),
      ) as Promise<Arrays>
    const step = 1e-5
    const [here, up, down] = [await at(0), await at(step), await at(-step)]
    const slope = (up.value![0]! - down.value![0]!) / (2 * step)
    expect(here.value).toBeInstanceOf(Float64Array)
    expect(Math.abs(here.slope![0]! / slope - 1)).toBeLessThan(1e-8)
    for (const i of names.keys()) {
      const differences = here[`h${i}`]!.map((_, j) => (up[`g${i}`]![j]! - down[`g${i}`]![j]!) / (2 * step))
      const largest = Math.max(...differences.map(Math.abs))
      const worst = Math.max(...differences.map((d, j) => Math.abs(d - here[`h${i}`]![j]!)))
      expect(worst / largest, names[i]).toBeLessThan(1e-7)
    }
  })

  it('loops carry doubles, and single-precision arrays are taken as they are', async () => {
    const spec = { shape: [2], dtype: 'float32' as const }
    const loop = await (await doubles).compileLoop(
      ({ carry }) => ({ carry: { w: tf.div(carry.w as tf.Tensor, 3) }, out: { sum: tf.sum(carry.w as tf.Tensor) } }),
      { carry: { w: spec }, each: {}, resident: {} },
    )
    const { carry, out } = await loop.run({ carry: { w: Float32Array.of(1, 2) }, each: {}, resident: {} }, 2)
    expect(carry).toEqual({ w: Float64Array.of(1 / 3 / 3, 2 / 3 / 3) })
    expect(out).toEqual({ sum: Float64Array.of(3, 1 / 3 + 2 / 3) })
  })

  it('what cannot be had is said', async () => {
    await expect(createEngine({ precision: 'float64', name: 'tensorflow' })).rejects.toThrow(
      'TensorFlow.js has no doubles',
    )
    await expect(createEngine({ precision: 'float16' as never })).rejects.toThrow("no precision 'float16'")
    const signature: SpecTree = { x: { shape: [2], dtype: 'float32' } }
    const erf: TensorFunction = ({ x }) => ({ y: tf.erf(x as tf.Tensor) })
    await expect((await doubles).compile(erf, signature)).rejects.toThrow(
      'tf.erf on shape [2] cannot be computed in doubles',
    )
    const same = await (await doubles).compile(({ x }) => ({ y: x as tf.Tensor }), signature)
    await expect(same.run({ x: Int32Array.of(1, 2) })).rejects.toThrow('needs a Float64Array')
  })
})

/** The function's gradients, and those of the sum of their squares. */
function twice(fn: Fn): TensorFunction {
  return (inputs) => {
    const operands = Object.values(inputs) as tf.Tensor[]
    const loss = (...tensors: tf.Tensor[]) => tf.sum(tf.square(fn(...tensors))) as tf.Scalar
    const slopes = (...tensors: tf.Tensor[]) =>
      tf.addN(
        tf
          .grads(loss)(tensors)
          .map((g) => tf.sum(tf.square(g))),
      ) as tf.Scalar
    const [first, second] = [tf.grads(loss)(operands), tf.grads(slopes)(operands)]
    const named = (list: tf.Tensor[], name: string) => Object.fromEntries(list.map((g, i) => [`${name}${i}`, g]))
    return { value: fn(...operands), ...named(first, 'first'), ...named(second, 'second') }
  }
}

const direction = (k: number, i: number) => Math.fround(Math.cos(3 + 1.7 * i + k))
const directionOf = (k: number, { shape, size }: tf.Tensor) =>
  tf.tensor(
    Array.from({ length: size }, (_, i) => direction(k, i)),
    shape,
  )
