/** Tracing leaves TensorFlow.js as it was, and refuses results that are no named tensors. */
import { describe, expect, it } from 'vitest'
import { type TensorFunction, traceHash } from '../index.js'
import { tf } from '../tf.js'

const signature = { x: { shape: [2], dtype: 'float32' as const } }

// First in this file: vitest gives each file a process state in which no backend has been chosen yet.
it('gives a fresh process a backend that computes, not the recording one', () => {
  expect(tf.engine().backendName).toBeFalsy()
  traceHash(({ x }) => ({ y: tf.mul(x as tf.Tensor, 2) }), signature)
  expect([...tf.add(tf.scalar(1), 1).dataSync()]).toEqual([2])
})

describe('a function that returns', () => {
  const x = (inputs: Parameters<TensorFunction>[0]) => inputs.x as tf.Tensor
  const cases: [string, (inputs: Parameters<TensorFunction>[0]) => unknown, RegExp][] = [
    [
      'a number',
      (inputs) => ({ y: x(inputs), loss: 3 }),
      /returned a number as 'loss'; return named records of tensors/,
    ],
    ['null', (inputs) => ({ nested: { y: x(inputs), rest: null } }), /returned null as 'nested\/rest'/],
    ['an array', (inputs) => ({ y: [x(inputs)] }), /returned an Array as 'y'/],
    ['a promise', async (inputs) => ({ y: x(inputs) }), /returned a Promise; .* without await/],
    ['a bare tensor', (inputs) => x(inputs), /returned a Tensor; return named records/],
    ['nothing', () => undefined, /returned undefined;/],
  ]
  it.each(cases)('%s is told so', (_, fn, message) => {
    expect(() => traceHash(fn as TensorFunction, signature)).toThrow(message)
  })
})
