/** For tests: Hessian-vector products against differences of first derivatives on TensorFlow.js's `cpu` backend. */
import { expect } from 'vitest'
import { LOOSE } from './arbitraries.js'
import { createEngine, type HostTree, type TensorFunction } from './index.js'
import { expectSame, type Operand } from './testing.js'
import { tf } from './tf.js'

type Fn = (...operands: tf.Tensor[]) => tf.Tensor

/** A loss that is not linear in what an op returns, so that every second-order term counts. */
const lossOf =
  (fn: Fn) =>
  (...operands: tf.Tensor[]) => {
    const y = fn(...operands)
    const weights = tf
      .range(1, y.size + 1)
      .reshape(y.shape)
      .div(y.size)
    return tf.sum(tf.mul(tf.square(y), weights)) as tf.Scalar
  }

const slopes =
  (fn: Fn): TensorFunction =>
  (operands) => {
    const list = Object.values(operands) as tf.Tensor[]
    return Object.fromEntries(
      tf
        .grads(lossOf(fn))(list)
        .map((gradient, i) => [`gradient${i}`, gradient]),
    )
  }

/** The gradient of <gradient, direction>; inputs are the operands and, named after them, the directions. */
export const hessianVector =
  (fn: Fn, names: readonly string[]): TensorFunction =>
  (inputs) => {
    const [point, direction] = [names, names.map((name) => `d ${name}`)].map((list) =>
      list.map((n) => inputs[n] as tf.Tensor),
    )
    const along = (...operands: tf.Tensor[]) =>
      tf.addN(
        tf
          .grads(lossOf(fn))(operands)
          .map((gradient, i) => tf.sum(tf.mul(gradient, direction![i]!))),
      ) as tf.Scalar
    return Object.fromEntries(
      tf
        .grads(along)(point!)
        .map((product, i) => [`gradient${i}`, product]),
    )
  }

/**
 * Expects the Hessian-vector product to be the same on both engines, and to be the slope of the gradient.
 * @param step of the five-point difference; it is exact where the gradient is a polynomial of degree 4 at most
 * @param tolerance relative to the largest entry
 */
export async function expectCurvature(
  fn: Fn,
  operands: Record<string, Operand>,
  step = 0.25,
  tolerance = 1e-3,
): Promise<void> {
  const names = Object.keys(operands)
  const directions = Object.fromEntries(
    Object.entries(operands).map(([name, { shape, data, dtype }], k) => {
      const direction = Float32Array.from(data, (_, i) => Math.sin(1 + 3 * i + 7 * k))
      return [`d ${name}`, { shape, dtype, data: direction }]
    }),
  )
  const all = { ...operands, ...directions }
  await expectSame(hessianVector(fn, names), all, LOOSE)
  const engine = await createEngine({ name: 'tensorflow' })
  const specs = (list: Record<string, Operand>) =>
    Object.fromEntries(Object.entries(list).map(([name, { shape, dtype }]) => [name, { shape, dtype }]))
  const gradient = await engine.compile(slopes(fn), specs(operands))
  const at = (t: number) =>
    gradient.run(
      Object.fromEntries(
        names.map((name) => {
          const direction = directions[`d ${name}`]!.data
          return [name, Float32Array.from(operands[name]!.data, (value, i) => value + t * direction[i]!)]
        }),
      ),
    )
  const [far, near, nearer, farther] = await Promise.all([-2, -1, 1, 2].map((k) => at(k * step)))
  const product = await engine.compile(hessianVector(fn, names), specs(all))
  const found = await product.run(Object.fromEntries(Object.entries(all).map(([name, { data }]) => [name, data])))
  for (const [name, value] of Object.entries(found) as [string, Float32Array][]) {
    const of = (tree: HostTree | undefined, i: number) => (tree![name] as Float32Array)[i]!
    const wanted = Array.from(
      value,
      (_, i) => (8 * (of(nearer, i) - of(near, i)) - (of(farther, i) - of(far, i))) / (12 * step),
    )
    const largest = Math.max(1e-3, ...wanted.map(Math.abs))
    wanted.forEach((w, i) => {
      expect(Math.abs(value[i]! - w), `${name}[${i}]: ${value[i]} for ${w}`).toBeLessThan(tolerance * largest)
    })
  }
}
