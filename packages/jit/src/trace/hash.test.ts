/** The trace hash: what changes the computation changes it, and nothing else does. */
import { describe, expect, it } from 'vitest'
import { createEngine, type LoopSignature, type SpecTree, traceHash, traceLoopHash } from '../index.js'
import { tf } from '../tf.js'

const signature: SpecTree = { x: { shape: [2, 3], dtype: 'float32' }, w: { shape: [3, 2], dtype: 'float32' } }
type Inputs = { x: tf.Tensor2D; w: tf.Tensor2D }
const hash = (fn: (inputs: Inputs) => Record<string, tf.Tensor>, specs = signature) =>
  traceHash((inputs) => fn(inputs as unknown as Inputs), specs)

const plain = ({ x, w }: Inputs) => {
  const product = tf.matMul(x, w)
  const scale = tf.mul(tf.sum(x), 0.9)
  return { y: tf.add(tf.relu(product), scale) }
}

describe('traceHash', () => {
  it('is a SHA-256, the same at every call', () => {
    expect(hash(plain)).toMatch(/^[0-9a-f]{64}$/)
    expect(hash(plain)).toBe(hash(plain))
  })

  it('ignores names, the order of independent lines, and dead code', () => {
    const reordered = ({ x: data, w: kernel }: Inputs) => {
      const factor = tf.mul(tf.sum(data), 0.9)
      tf.exp(data)
      return { y: tf.add(tf.relu(tf.matMul(data, kernel)), factor) }
    }
    expect(hash(reordered)).toBe(hash(plain))
    const renamed = traceHash(
      (inputs) => {
        const { images, kernel } = inputs as unknown as { images: tf.Tensor2D; kernel: tf.Tensor2D }
        return { result: plain({ x: images, w: kernel }).y }
      },
      { images: signature.x!, kernel: signature.w! },
    )
    expect(renamed).toBe(hash(plain))
  })

  it.each<[string, (inputs: Inputs) => Record<string, tf.Tensor>]>([
    ['a constant', ({ x, w }) => ({ y: tf.add(tf.relu(tf.matMul(x, w)), tf.mul(tf.sum(x), 0.91)) })],
    ['an op', ({ x, w }) => ({ y: tf.add(tf.tanh(tf.matMul(x, w)), tf.mul(tf.sum(x), 0.9)) })],
    [
      'an attribute',
      ({ x, w }) => ({ y: tf.add(tf.relu(tf.matMul(x, w)), tf.mul(tf.sum(x, 0, true).slice([0, 0], [1, 1]), 0.9)) }),
    ],
    ['an array', ({ x, w }) => ({ y: tf.add(plain({ x, w }).y!, tf.tensor1d([1, 2])) })],
  ])('changes with %s', (_, fn) => {
    expect(hash(fn)).not.toBe(hash(plain))
  })

  it('changes with an element of a constant array, with shapes and with storage', () => {
    const shifted = (last: number) => hash(({ x }) => ({ y: tf.add(x, tf.tensor1d([1, 2, last])) }))
    expect(shifted(3)).not.toBe(shifted(4))
    const sum = ({ x }: Inputs) => ({ y: tf.sum(x) })
    const of = (shape: number[], dtype: 'int32' | 'uint8') => hash(sum, { x: { shape, dtype } })
    expect(new Set([of([2], 'int32'), of([3], 'int32'), of([2], 'uint8')]).size).toBe(3)
  })

  it('knows a uniform tensor whatever made it, and tells numbers apart that are equal but not the same', () => {
    const of = (constant: () => tf.Tensor) => hash(({ x }) => ({ y: tf.mul(x, constant()) }))
    const ones = of(() => tf.ones([2, 3]))
    expect(of(() => tf.fill([2, 3], 1))).toBe(ones)
    expect(of(() => tf.tensor2d([1, 1, 1, 1, 1, 1], [2, 3]))).toBe(ones)
    const zero = of(() => tf.zeros([2, 3]))
    const zeros = [
      [-0, -0, -0, -0, -0, -0],
      [0, 0, -0, 0, 0, 0],
      [-0, -0, 0, -0, -0, -0],
    ]
    expect(new Set([zero, ...zeros.map((entries) => of(() => tf.tensor2d(entries, [2, 3])))]).size).toBe(4)
    const none = of(() => tf.fill([2, 3], Number.NaN))
    expect(of(() => tf.tensor2d(new Float32Array(6).fill(Number.NaN), [2, 3]))).toBe(none)
    expect(none).not.toBe(zero)
  })

  it('tells swapped inputs apart', () => {
    const specs: SpecTree = { a: { shape: [2], dtype: 'float32' }, b: { shape: [2], dtype: 'float32' } }
    const difference = (flip: boolean) =>
      traceHash((inputs) => {
        const { a, b } = inputs as { a: tf.Tensor; b: tf.Tensor }
        return { y: flip ? tf.sub(b, a) : tf.sub(a, b) }
      }, specs)
    expect(difference(true)).not.toBe(difference(false))
  })

  it('is the one that every engine reports', async () => {
    for (const name of ['onnxruntime', 'tensorflow'] as const) {
      const engine = await createEngine({ name })
      const compiled = await engine.compile((inputs) => plain(inputs as unknown as Inputs), signature)
      expect(compiled.traceHash).toBe(hash(plain))
    }
  })
})

describe('traceLoopHash', () => {
  const loop: LoopSignature = {
    carry: { a: { shape: [2], dtype: 'float32' }, b: { shape: [2], dtype: 'float32' } },
    each: {},
    resident: {},
  }
  type Carry = { a: tf.Tensor; b: tf.Tensor }
  const loopHash = (next: (carry: Carry) => Record<string, tf.Tensor>) =>
    traceLoopHash(({ carry }) => ({ carry: next(carry as unknown as Carry), out: {} }), loop)

  it('knows which output is carried into which input, whatever the order of return', () => {
    const straight = loopHash(({ a, b }) => ({ a: tf.mul(a, 2), b: tf.add(b, 1) }))
    expect(loopHash(({ a, b }) => ({ b: tf.add(b, 1), a: tf.mul(a, 2) }))).toBe(straight)
    expect(loopHash(({ a, b }) => ({ a: tf.add(b, 1), b: tf.mul(a, 2) }))).not.toBe(straight)
  })
})
