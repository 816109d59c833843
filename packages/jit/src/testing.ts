/** For tests: compiles a function and compares what it gives with TensorFlow.js's `cpu` backend, the reference. */
import { expect } from 'vitest'
import {
  createEngine,
  type Engine,
  type HostArray,
  type HostTree,
  type SpecTree,
  sizeOf,
  type TensorFunction,
  type TensorSpec,
} from './index.js'
import { tf } from './tf.js'

const compiled = createEngine()
const eager = createEngine({ name: 'tensorflow' })

/** A tensor of a test: what it holds and how. */
export interface Operand extends TensorSpec {
  readonly data: HostArray
}

export interface Tolerance {
  readonly absolute: number
  readonly relative: number
}

export const TIGHT: Tolerance = { absolute: 1e-5, relative: 1e-5 }

/**
 * Runs the function on both engines and expects shapes, types and values to agree.
 * @param engine of double precision, in place of the usual one
 */
export async function expectSame(
  fn: TensorFunction,
  operands: Record<string, Operand>,
  tolerance = TIGHT,
  engine?: Engine,
): Promise<void> {
  const signature: SpecTree = Object.fromEntries(
    Object.entries(operands).map(([name, { shape, dtype }]) => [name, { shape, dtype }]),
  )
  const inputs: HostTree = Object.fromEntries(Object.entries(operands).map(([name, { data }]) => [name, data]))
  const [fast, reference] = await Promise.all([
    (engine ?? (await compiled)).compile(fn, signature),
    (await eager).compile(fn, signature),
  ])
  try {
    const [ours, theirs] = [await fast.run(inputs), await reference.run(inputs)]
    expect(Object.keys(ours)).toEqual(Object.keys(theirs))
    for (const [name, expected] of Object.entries(theirs) as [string, HostArray][]) {
      const got = ours[name] as HostArray
      const type = engine && expected instanceof Float32Array ? Float64Array : expected.constructor
      expect(got.constructor, name).toBe(type)
      expect(got.length, name).toBe(expected.length)
      expect(got.length, name).toBe(sizeOf((fast.outputs[name] as TensorSpec).shape))
      expected.forEach((value: number, i: number) => {
        if (!close(got[i]!, value, tolerance)) {
          throw new Error(`${name}[${i}]: compiled ${got[i]}, reference ${value} (${JSON.stringify(signature)})`)
        }
      })
    }
  } finally {
    await fast.dispose()
  }
}

function close(a: number, b: number, { absolute, relative }: Tolerance): boolean {
  if (Number.isNaN(b)) return Number.isNaN(a)
  if (!Number.isFinite(b)) return a === b
  return Math.abs(a - b) <= absolute + relative * Math.abs(b)
}

/** The function and the gradients of a weighted sum of its first output with respect to each float operand. */
export function withGradients(fn: (...operands: tf.Tensor[]) => tf.Tensor): TensorFunction {
  return (inputs) => {
    const operands = Object.values(inputs) as tf.Tensor[]
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
      const y = fn(...tensors)
      const weights = tf
        .range(1, y.size + 1)
        .reshape(y.shape)
        .div(y.size)
      return tf.sum(tf.mul(y, weights)) as tf.Scalar
    })(operands)
    return { value, ...Object.fromEntries(grads.map((gradient, i) => [`gradient${i}`, gradient])) }
  }
}
