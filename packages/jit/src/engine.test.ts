/** Engines: determinism, dumps, second derivatives, and errors that name what was wrong. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as ort from 'onnxruntime-node'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createEngine,
  type HostTree,
  type LoopSignature,
  type SpecTree,
  type StepFunction,
  type TensorFunction,
  UnsupportedKernelError,
} from './index.js'
import { tf } from './tf.js'

const spec = (shape: number[], dtype: 'float32' | 'int32' | 'uint8' | 'bool' = 'float32') => ({ shape, dtype })
const signature: LoopSignature = {
  carry: { w: spec([4]), still: spec([2], 'uint8'), moved: spec([2]) },
  each: { x: spec([4]), rate: spec([]) },
  resident: { bytes: spec([3], 'uint8') },
}
const step: StepFunction = ({ carry, each, resident }) => {
  const { w, still, moved } = carry as Record<string, tf.Tensor>
  const { x, rate } = each as Record<string, tf.Tensor>
  const next = tf.sub(w!, tf.mul(rate!, tf.sub(w!, x!)))
  return {
    carry: { w: next, still: still!, moved: tf.add(moved!, tf.sum(resident.bytes as tf.Tensor).toFloat()) },
    out: { loss: tf.sum(tf.square(next)), w: next, twice: next },
  }
}
const inputs = (steps: number) => ({
  carry: { w: Float32Array.of(1, 2, 3, 4), still: Uint8Array.of(9, 8), moved: Float32Array.of(0, 1) },
  each: {
    x: Float32Array.from({ length: 4 * steps }, (_, i) => Math.sin(i)),
    rate: new Float32Array(steps).fill(0.25),
  },
  resident: { bytes: Uint8Array.of(1, 2, 250) },
})

describe('compileLoop', () => {
  it('gives what a loop by hand gives, on both engines, for any number of steps', async () => {
    for (const name of ['onnxruntime', 'tensorflow'] as const) {
      const loop = await (await createEngine({ name })).compileLoop(step, signature)
      for (const steps of [1, 3, 7]) {
        const data = inputs(steps)
        const w = [...data.carry.w]
        const losses: number[] = []
        for (let i = 0; i < steps; i++) {
          w.forEach((value, j) => {
            w[j] = value - 0.25 * (value - data.each.x[4 * i + j]!)
          })
          losses.push(w.reduce((sum, value) => sum + value * value, 0))
        }
        const { carry, out } = await loop.run(data, steps)
        expect([...(carry.w as Float32Array)].map((v) => v.toFixed(5))).toEqual(w.map((v) => v.toFixed(5)))
        expect([...(out.loss as Float32Array)].map((v) => v.toFixed(4))).toEqual(losses.map((v) => v.toFixed(4)))
        expect(carry.still).toEqual(Uint8Array.of(9, 8))
        expect(carry.moved).toEqual(Float32Array.of(253 * steps, 1 + 253 * steps))
        expect(out.w).toEqual(out.twice)
        expect(out.w).toHaveLength(4 * steps)
      }
    }
  })

  it('gives the same bits in another session, in other portions, and on two threads', async () => {
    const run = async (threads: number, portions: number[]) => {
      const loop = await (await createEngine({ threads })).compileLoop(step, signature)
      const data = inputs(6)
      let { carry } = data as { carry: Awaited<ReturnType<typeof loop.run>>['carry'] }
      let at = 0
      for (const steps of portions) {
        const each = { x: data.each.x.slice(4 * at, 4 * (at + steps)), rate: data.each.rate.slice(at, at + steps) }
        carry = (await loop.run({ ...data, carry, each }, steps)).carry
        at += steps
      }
      return carry
    }
    const reference = await run(1, [6])
    expect(await run(1, [6])).toEqual(reference)
    expect(await run(1, [1, 3, 2])).toEqual(reference)
    expect(await run(2, [6])).toEqual(reference)
  })
})

describe('compile', () => {
  it('takes inputs of any name, also those that a model could use inside', async () => {
    const compiled = await (await createEngine()).compile(
      (inputs) => {
        const { '%0': a, '%1': b, 'out:y': c } = inputs as Record<string, tf.Tensor>
        return { y: tf.add(tf.mul(a!, 2), tf.mul(b!, c!)) }
      },
      { '%0': spec([2]), '%1': spec([2]), 'out:y': spec([2]) },
    )
    const found = await compiled.run({
      '%0': Float32Array.of(1, 2),
      '%1': Float32Array.of(3, 4),
      'out:y': Float32Array.of(10, 20),
    })
    expect(found).toEqual({ y: Float32Array.of(32, 84) })
  })

  it.each(['float32', 'float64'] as const)(
    '%s: outputs are fresh, or arrays of earlier ones that fit',
    async (precision) => {
      const fn: TensorFunction = ({ x }) => ({
        a: { up: tf.add(x as tf.Tensor, 1), same: x as tf.Tensor },
        isLarge: tf.greater(x as tf.Tensor, 2),
      })
      const compiled = await (await createEngine({ precision })).compile(fn, { x: spec([2]) })
      type Found = { a: { up: Float32Array; same: Float32Array }; isLarge: Uint8Array }
      const run = async (x: number[], into?: HostTree) =>
        (await compiled.run({ x: Float32Array.from(x) }, into)) as unknown as Found
      const given = ({ a, isLarge }: Found) => [a.up, a.same, isLarge].map((array) => [...array])

      const first = await run([1, 3])
      const second = await run([5, 0])
      expect([first, second].map(given)).toEqual([
        [
          [2, 4],
          [1, 3],
          [0, 1],
        ],
        [
          [6, 1],
          [5, 0],
          [1, 0],
        ],
      ])
      const third = await run([7, 8], { a: { up: second.a.up, same: new Float32Array(3) }, other: new Uint8Array(1) })
      expect(given(third)).toEqual([
        [8, 9],
        [7, 8],
        [1, 1],
      ])
      expect(third.a.up).toBe(second.a.up)
      expect(second.isLarge).toEqual(Uint8Array.of(1, 0))
      expect(given(first)).toEqual([
        [2, 4],
        [1, 3],
        [0, 1],
      ])
    },
  )
})

it('holds no compiled function that nobody holds any more', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const engine = await createEngine()
  const create = vi.spyOn(ort.InferenceSession, 'create')
  const spec = { x: { shape: [2], dtype: 'float32' } } as const
  const kept = await engine.compile(({ x }) => ({ y: (x as tf.Tensor).add(1) }), spec)
  await engine.compile(({ x }) => ({ y: (x as tf.Tensor).add(2) }), spec)
  const sessions = await Promise.all(create.mock.results.map(async ({ value }) => new WeakRef(await value)))
  create.mockRestore()
  await expect
    .poll(() => {
      collect()
      return sessions.map((session) => session.deref() !== undefined)
    })
    .toEqual([true, false])
  expect(await kept.run({ x: Float32Array.of(1, 2) })).toEqual({ y: Float32Array.of(2, 3) })
  await engine.dispose()
})

describe('second derivatives', () => {
  /** sum of v . d/dx (v . d/dx f): one number that needs the whole Hessian along v. */
  const cases: [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number][] = [
    ['exp', (x) => tf.exp(x), (x) => Math.exp(x)],
    [
      'sigmoid',
      (x) => tf.sigmoid(x),
      (x) => {
        const s = 1 / (1 + Math.exp(-x))
        return s * (1 - s) * (1 - 2 * s)
      },
    ],
    ['tanh', (x) => tf.tanh(x), (x) => -2 * Math.tanh(x) * (1 - Math.tanh(x) ** 2)],
    ['elu', (x) => tf.elu(x), (x) => (x > 0 ? 0 : Math.exp(x))],
    ['pow', (x) => tf.pow(tf.add(x, 3), 3), (x) => 6 * (x + 3)],
    ['square of max', (x) => tf.square(tf.max(tf.reshape(x, [-1, 1]), 1)), () => 2],
    [
      'softmax',
      (x) => tf.softmax(tf.stack([x, tf.zerosLike(x)], 1)).slice([0, 0], [-1, 1]),
      (x) => {
        const s = 1 / (1 + Math.exp(-x))
        return s * (1 - s) * (1 - 2 * s)
      },
    ],
  ]
  it.each(cases)('of %s equal the closed form', async (_, fn, second) => {
    const engine = await createEngine()
    const hessian: TensorFunction = ({ x }) => {
      const slope = tf.grad((t: tf.Tensor) => tf.sum(fn(t)))
      return { second: tf.grad((t: tf.Tensor) => tf.sum(slope(t)))(x as tf.Tensor) }
    }
    const points = Float32Array.of(-1.5, -0.3, 0.4, 1.2)
    const compiled = await engine.compile(hessian, { x: spec([4]) })
    const found = (await compiled.run({ x: points })).second as Float32Array
    for (const [i, x] of points.entries()) expect(found[i]).toBeCloseTo(second(x), 4)
  })
})

describe('DUMP_ONNX', () => {
  afterEach(() => {
    Reflect.deleteProperty(process.env, 'DUMP_ONNX')
  })
  it('writes the same bytes each time, under the trace hash', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dump-'))
    const dump = async (name: string) => {
      process.env.DUMP_ONNX = join(folder, name)
      const loop = await (await createEngine()).compileLoop(step, signature)
      const [file] = readdirSync(join(folder, name))
      expect(file).toBe(`${loop.traceHash.slice(0, 16)}.onnx`)
      return readFileSync(join(folder, name, file!))
    }
    expect(await dump('a')).toEqual(await dump('b'))
    expect(existsSync(join(folder, 'a'))).toBe(true)
    rmSync(folder, { recursive: true })
  })
})

describe('errors', () => {
  const compile = async (fn: TensorFunction, specs: SpecTree = { x: spec([2, 2]) }) =>
    (await createEngine()).compile(fn, specs)

  it('an unsupported kernel is named with its shapes and its caller', async () => {
    const error = await compile(({ x }) => ({ y: tf.atanh(x as tf.Tensor) })).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(UnsupportedKernelError)
    expect((error as Error).message).toMatch(/The kernel Atanh on shapes \[2, 2\], called by atanh .*engine\.test\.ts/)
  })

  it('a function that looks at values, or uses tensors from outside, is told what to do', async () => {
    await expect(compile(({ x }) => ({ y: tf.scalar((x as tf.Tensor).dataSync()[0]!) }))).rejects.toThrow(
      /read the value of a tensor/,
    )
    await tf.setBackend('cpu')
    const outside = tf.ones([2, 2])
    await expect(compile(({ x }) => ({ y: tf.add(x as tf.Tensor, outside) }))).rejects.toThrow(
      /made outside of it; pass it as an input/,
    )
  })

  it('inputs that do not fit the signature are named', async () => {
    const add = await compile(({ a, b }) => ({ y: tf.add(a as tf.Tensor, b as tf.Tensor) }), {
      a: spec([2]),
      b: spec([2]),
    })
    const a = Float32Array.of(1, 2)
    await expect(add.run({ a })).rejects.toThrow("input 'b' (float32[2]) is missing")
    await expect(add.run({ a, b: a, c: a })).rejects.toThrow(
      "'c' is not an input of this function; its inputs are: a, b",
    )
    await expect(add.run({ a, b: Float32Array.of(1) })).rejects.toThrow(
      "input 'b' has 1 elements, but float32[2] needs 2",
    )
    await expect(add.run({ a, b: Int32Array.of(1, 2) })).rejects.toThrow(
      "input 'b' is an Int32Array, but float32[2] needs a Float32Array",
    )
  })

  it('inputs that are no typed arrays are named', async () => {
    const same = await compile(({ x }) => ({ y: x as tf.Tensor }))
    await expect(same.run({ x: [1, 2, 3, 4] as never })).rejects.toThrow(
      "input 'x' is an Array, but float32[2, 2] needs a Float32Array",
    )
    await expect(same.run({ x: null as never })).rejects.toThrow("input 'x' is null, but float32[2, 2] needs")
  })

  it('arithmetic on booleans is refused with their type', async () => {
    const flags: SpecTree = { x: spec([3], 'bool') }
    const error = await compile(({ x }) => ({ y: tf.add(x as tf.Tensor, x as tf.Tensor) }), flags).catch(
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(UnsupportedKernelError)
    expect((error as Error).message).toContain('The kernel Add on shapes bool[3], bool[3]')
  })

  it('a step that does not return what it carries is refused', async () => {
    const engine = await createEngine()
    const broken =
      (next: Record<string, tf.Tensor>): StepFunction =>
      () => ({ carry: next, out: {} })
    const only = { carry: { w: spec([4]) }, each: {}, resident: {} }
    await expect(engine.compileLoop(broken({}), only)).rejects.toThrow("did not return 'carry/w'")
    await expect(
      engine.compileLoop(({ carry }) => ({ carry: { w: tf.sum(carry.w as tf.Tensor) }, out: {} }), only),
    ).rejects.toThrow("returned 'carry/w' as float32[], but carries it as float32[4]")
    const loop = await engine.compileLoop(step, signature)
    await expect(loop.run(inputs(1), 0)).rejects.toThrow('0 steps is not possible')
  })

  it('unknown engines, backends that are not installed and impossible threads are told apart', async () => {
    await expect(createEngine({ name: 'torch' as never })).rejects.toThrow("There is no engine 'torch'")
    await expect(createEngine({ name: 'tensorflow', backend: 'tfjs-node-gpu' })).rejects.toThrow(
      /needs the package @tensorflow\/tfjs-node-gpu, which did not load .*npm install it, or use 'cpu'/,
    )
    await expect(createEngine({ threads: 0 })).rejects.toThrow('0 threads')
  })
})
