/** Steps that return a tensor twice, or one that they were given: each name has a tensor of its own on both engines. */
import { describe, expect, it } from 'vitest'
import { createEngine, type LoopInputs, type LoopSignature, type StepFunction, type TensorSpec } from '../index.js'
import { tf } from '../tf.js'

const spec = (shape: number[], dtype: TensorSpec['dtype'] = 'float32'): TensorSpec => ({ shape, dtype })
const signature: LoopSignature = { carry: { a: spec([2]) }, each: {}, resident: { r: spec([2]) } }
const inputs = (): LoopInputs => ({
  carry: { a: Float32Array.of(1, 2) },
  each: {},
  resident: { r: Float32Array.of(5, 6) },
})
type T = Record<string, tf.Tensor>
/** A step on the tensors 'a' (carried) and 'r' (resident). */
const on =
  (body: (a: tf.Tensor, r: tf.Tensor) => { carry: T; out: T }): StepFunction =>
  ({ carry, resident }) =>
    body((carry as T).a!, (resident as T).r!)

const cases: [string, StepFunction, { a: number[]; out: Record<string, number[]> }][] = [
  [
    'the carry as it was',
    on((a) => ({ carry: { a: tf.add(a, 1) }, out: { before: a } })),
    { a: [3, 4], out: { before: [1, 2, 2, 3] } },
  ],
  [
    'one result under two names',
    on((a) => {
      const sum = tf.sum(a)
      return { carry: { a: tf.add(a, 1) }, out: { sum, again: sum } }
    }),
    { a: [3, 4], out: { sum: [3, 5], again: [3, 5] } },
  ],
  ['a resident tensor as the carry', on((_, r) => ({ carry: { a: r }, out: {} })), { a: [5, 6], out: {} }],
  [
    'a resident tensor as an output',
    on((a, r) => ({ carry: { a: tf.add(a, r) }, out: { r } })),
    { a: [11, 14], out: { r: [5, 6, 5, 6] } },
  ],
  ['the carry unchanged', on((a) => ({ carry: { a }, out: { a } })), { a: [1, 2], out: { a: [1, 2, 1, 2] } }],
]

describe.each(['onnxruntime', 'tensorflow'] as const)('a step on %s may return', (name) => {
  it.each(cases)('%s, call after call', async (_, step, expected) => {
    const loop = await (await createEngine({ name })).compileLoop(step, signature)
    const data = inputs()
    for (let call = 0; call < 2; call++) {
      const { carry, out } = await loop.run(data, 2)
      expect(carry).toEqual({ a: Float32Array.from(expected.a) })
      expect(Object.keys(out)).toEqual(Object.keys(expected.out))
      for (const [leaf, list] of Object.entries(expected.out)) expect(out[leaf]).toEqual(Float32Array.from(list))
    }
  })

  it('one host array in two shapes and types', async () => {
    const bytes = Uint8Array.of(1, 0, 1, 1)
    const loop = await (await createEngine({ name })).compileLoop(
      ({ resident }) => {
        const { row, square, flags } = resident as T
        return { carry: {}, out: { row: row!, rows: tf.sum(square!, 1), not: tf.logicalNot(flags!) } }
      },
      {
        carry: {},
        each: {},
        resident: { row: spec([4], 'uint8'), square: spec([2, 2], 'uint8'), flags: spec([4], 'bool') },
      },
    )
    const data = { carry: {}, each: {}, resident: { row: bytes, square: bytes, flags: bytes } }
    for (let call = 0; call < 2; call++) {
      expect((await loop.run(data, 1)).out).toEqual({
        row: Int32Array.of(1, 0, 1, 1),
        rows: Int32Array.of(1, 2),
        not: Uint8Array.of(0, 1, 0, 0),
      })
    }
  })

  it('nothing that stays behind: tensors do not pile up over steps', async () => {
    const loop = await (await createEngine({ name })).compileLoop(cases[1]![1], signature)
    const data = inputs()
    await loop.run(data, 1)
    const before = tf.memory().numTensors
    await loop.run(data, 5)
    expect(tf.memory().numTensors).toBe(before)
  })
})
