/** Hashes: published SHA-256 values, and a tensors' hash that changes exactly when the content does. */
import { expect, test } from 'vitest'
import { hashTensors, sha256 } from './hash.js'
import type { NamedTensors, StoredTensor } from './tensor.js'

test('SHA-256 of the FIPS 180 examples', () => {
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(sha256(new Uint8Array(0))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

const row: StoredTensor = { dtype: 'float32', shape: [1, 2], data: Float32Array.of(0, 1) }
const byte: StoredTensor = { dtype: 'uint8', shape: [1], data: Uint8Array.of(1) }

test('the order of the record does not matter, a view is hashed as its elements', () => {
  expect(hashTensors({ a: row, b: byte })).toBe(hashTensors({ b: byte, a: row }))
  const view = Float32Array.of(9, 0, 1, 9).subarray(1, 3)
  expect(hashTensors({ a: { ...row, data: view } })).toBe(hashTensors({ a: row }))
})

test('names, types, shapes and bits all matter', () => {
  const variants: NamedTensors[] = [
    {},
    { a: row },
    { b: row },
    { a: { ...row, shape: [2, 1] } },
    { a: { ...row, shape: [2] } },
    { a: { ...row, data: Float32Array.of(-0, 1) } },
    { a: { ...row, dtype: 'int32', data: new Int32Array(row.data.slice().buffer) } },
    { a: byte },
    { a: { ...byte, dtype: 'bool' } },
    { a: row, b: byte },
  ]
  expect(new Set(variants.map(hashTensors)).size).toBe(variants.length)
})
