/** Loops with passes against the same loops in one ONNX graph: the same bits. */
import fc from 'fast-check'
import * as ort from 'onnxruntime-node'
import { describe, expect, it, vi } from 'vitest'
import { createEngine, type HostTree, type LoopInputs, type LoopSignature, type StepFunction } from '../index.js'
import { lowerCall } from '../lower/lower.js'
import { tf } from '../tf.js'
import { trace } from '../trace/trace.js'
import { inPlaceWorks, runInPlace } from './in-place.js'
import { sessionOptions } from './session-options.js'

const spec = (shape: number[], dtype: 'float32' | 'int32' | 'uint8' = 'float32') => ({ shape, dtype })
const [graph, passes] = [createEngine({ updates: 'graph' }), createEngine({ updates: 'passes' })]

/** Runs the loop in the graph and with passes, and expects the same bits. */
async function expectSameBits(step: StepFunction, signature: LoopSignature, inputs: LoopInputs, steps: number) {
  const whole = await (await graph).compileLoop(step, signature)
  const split = await (await passes).compileLoop(step, signature)
  try {
    const expected = await whole.run(inputs, steps)
    expect(await split.run(inputs, steps)).toEqual(expected)
    // Calls at the same time do not disturb each other, nor the inputs.
    const twice = await Promise.all([split.run(inputs, steps), split.run(inputs, steps)])
    expect(twice).toEqual([expected, expected])
  } finally {
    await Promise.all([whole.dispose(), split.dispose()])
  }
}

type T = Record<string, tf.Tensor>

const OPS: readonly ((a: tf.Tensor, b: tf.Tensor) => tf.Tensor)[] = [
  (a, b) => a.add(b),
  (a, b) => a.sub(b),
  (a, b) => a.mul(b),
  (a, b) => a.div(b),
  (a) => a.sqrt(),
  (a) => a.square(),
  (a) => a.neg(),
]

/** A random update: each line applies an op to two of the values so far; the last three become the next carry. */
const program = fc.record({
  shape: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
  lines: fc.array(fc.tuple(fc.nat(OPS.length - 1), fc.nat(40), fc.nat(40)), { minLength: 3, maxLength: 10 }),
  steps: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(1000),
})

describe('passes', () => {
  it('compute the bits of ONNX Runtime for random updates', async () => {
    await fc.assert(
      fc.asyncProperty(program, async ({ shape, lines, steps, seed }) => {
        const step: StepFunction = ({ carry, each, resident }) => {
          const { a, b, c } = carry as T
          const { rate, x } = each as T
          const gradient = tf.cumsum(a!.mul(x!).add(tf.mean(b!)))
          const values = [a!, b!, c!, gradient, resident.mask as tf.Tensor, rate!, tf.scalar(0.9), x!]
          for (const [op, i, j] of lines) {
            const value = OPS[op]!(values[i % values.length]!, values[j % values.length]!)
            values.push(value.shape.length === 0 ? value.add(a!) : value)
          }
          const [d, e, f] = values.slice(-3)
          return { carry: { a: d!, b: e!, c: f! }, out: { mean: tf.mean(a!) } }
        }
        const size = shape.reduce((product, side) => product * side, 1)
        const numbers = (length: number, at: number) =>
          Float32Array.from({ length }, (_, i) => 3 * Math.sin(seed + 7 * i + at))
        await expectSameBits(
          step,
          {
            carry: { a: spec(shape), b: spec(shape), c: spec(shape) },
            each: { rate: spec([]), x: spec(shape) },
            resident: { mask: spec(shape) },
          },
          {
            carry: { a: numbers(size, 1), b: numbers(size, 2), c: numbers(size, 3) },
            each: { rate: numbers(steps, 4), x: numbers(steps * size, 5) },
            resident: { mask: numbers(size, 6) },
          },
          steps,
        )
      }),
      { numRuns: 25 },
    )
  })

  it('take denormal numbers for zeros as ONNX Runtime does', async () => {
    const step: StepFunction = ({ carry }) => {
      const { m, v } = carry as T
      return { carry: { m: m!.mul(0.5), v: v!.mul(0.5).add(m!.square()) }, out: {} }
    }
    const carry = { m: Float32Array.of(3e-38, 1, 1e-30, -2e-38, 1e-38), v: Float32Array.of(2e-38, 1, 4e-38, 0, -2e-38) }
    const signature = { carry: { m: spec([5]), v: spec([5]) }, each: {}, resident: {} }
    await expectSameBits(step, signature, { carry, each: {}, resident: {} }, 3)
    const loop = await (await passes).compileLoop(step, signature)
    const { m } = (await loop.run({ carry, each: {}, resident: {} }, 3)).carry as Record<string, Float32Array>
    expect([...m!]).toEqual([0, 0.125, Math.fround(1.25e-31), -0, 0])
  })

  it('write nothing for a tensor without elements', async () => {
    const step: StepFunction = ({ carry }) => {
      const { none, w } = carry as T
      return { carry: { none: none!.mul(0.5), w: w!.mul(0.5) }, out: {} }
    }
    const signature = { carry: { none: spec([0, 2]), w: spec([5]) }, each: {}, resident: {} }
    const carry = { none: new Float32Array(0), w: Float32Array.of(1, 2, 3, 4, 5) }
    await expectSameBits(step, signature, { carry, each: {}, resident: {} }, 3)
  })

  it('give way to the graph where WebAssembly gets no memory', async () => {
    vi.stubGlobal('WebAssembly', {
      Memory: class {
        constructor() {
          throw new RangeError('WebAssembly.Memory(): could not allocate memory')
        }
      },
    })
    try {
      const step: StepFunction = ({ carry }) => ({ carry: { w: (carry.w as tf.Tensor).mul(0.5) }, out: {} })
      const inputs = { carry: { w: Float32Array.of(1, 2, 3, 4, 5) }, each: {}, resident: {} }
      await expectSameBits(step, { carry: { w: spec([5]) }, each: {}, resident: {} }, inputs, 3)
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('leave carries of other types, unchanged ones, exchanged ones and outputs as they are', async () => {
    const step: StepFunction = ({ carry, each }) => {
      const { w, bytes, still, count, left, right } = carry as T
      const { picked } = each as T
      return {
        carry: {
          w: w!.mul(0.5).sub(tf.gather(w!, picked!.toInt()).sum().mul(0.1)),
          bytes: bytes!.add(tf.scalar(1, 'int32')),
          still: still!,
          count: count!.add(1),
          left: right!,
          right: left!,
        },
        out: { sum: tf.sum(w!), counts: tf.stack([count!, count!]).toInt() },
      }
    }
    const signature = {
      carry: {
        w: spec([7]),
        bytes: spec([3], 'uint8'),
        still: spec([2]),
        count: spec([]),
        left: spec([2], 'uint8'),
        right: spec([2], 'uint8'),
      },
      each: { picked: spec([2], 'int32') },
      resident: {},
    }
    const carry: HostTree = {
      w: Float32Array.of(1, 2, 3, 4, 5, 6, 7),
      bytes: Uint8Array.of(1, 2, 3),
      still: Float32Array.of(8, 9),
      count: Float32Array.of(5),
      left: Uint8Array.of(1, 2),
      right: Uint8Array.of(3, 4),
    }
    await expectSameBits(step, signature, { carry, each: { picked: Int32Array.of(0, 1, 6, 2, 3, 3) }, resident: {} }, 3)
  })
})

describe('runInPlace', () => {
  it('works with the onnxruntime-node that is installed: else training dense networks would silently be slower', async () => {
    expect(await inPlaceWorks()).toBe(true)
  })

  it('passes other errors on', async () => {
    const model = lowerCall(trace(({ x }) => ({ y: x as tf.Tensor }), { x: spec([2]) }))
    const session = await ort.InferenceSession.create(model, sessionOptions(1))
    await expect(runInPlace(session, {}, {})).rejects.toThrow()
    await session.release()
  })
})
