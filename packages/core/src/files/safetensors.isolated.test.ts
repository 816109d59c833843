/** Safetensors: round trips, files written by Python, and refusal of everything that is not valid. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { sha256 } from './hash.js'
import { decodeSafetensors, encodeSafetensors, readSafetensors, writeSafetensors } from './safetensors.js'
import type { NamedTensors, StoredTensor } from './tensor.js'

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'))
afterAll(() => rmSync(folder, { recursive: true }))

const anyName = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('fc1.kernel', '__proto__', 'constructor', '0', '10', 'ü"\\', '{'),
)
const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })
const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1)
const anyTensor: fc.Arbitrary<StoredTensor> = shape.chain((dims) => {
  const n = { minLength: size(dims), maxLength: size(dims) }
  return fc.oneof(
    fc.float64Array(n).map((data): StoredTensor => ({ dtype: 'float64', shape: dims, data })),
    fc.float32Array(n).map((data): StoredTensor => ({ dtype: 'float32', shape: dims, data })),
    fc.int32Array(n).map((data): StoredTensor => ({ dtype: 'int32', shape: dims, data })),
    fc.uint8Array(n).map((data): StoredTensor => ({ dtype: 'uint8', shape: dims, data })),
    fc.uint8Array({ ...n, max: 1 }).map((data): StoredTensor => ({ dtype: 'bool', shape: dims, data })),
  )
})
const anyTensors = fc.array(fc.tuple(anyName, anyTensor)).map((entries): NamedTensors => Object.fromEntries(entries))
const anyMetadata = fc.array(fc.tuple(anyName, fc.string({ unit: 'grapheme' }))).map((e) => Object.fromEntries(e))

/** Entries by name, with the data as bits, so that NaN and -0 count. */
const exactly = (tensors: NamedTensors): unknown =>
  new Map(
    Object.entries(tensors)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { dtype, shape: dims, data }]) => [
        name,
        { dtype, dims, type: data.constructor.name, bits: Buffer.from(data.buffer, data.byteOffset, data.byteLength) },
      ]),
  )

test('what is encoded is decoded, bit for bit', () => {
  fc.assert(
    fc.property(anyTensors, anyMetadata, (tensors, metadata) => {
      const bytes = encodeSafetensors(tensors, metadata)
      const decoded = decodeSafetensors(bytes)
      expect(exactly(decoded.tensors)).toEqual(exactly(tensors))
      expect(Object.entries(decoded.metadata).sort()).toEqual(Object.entries(metadata).sort())
      const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
      expect(headerLength % 8).toBe(0)
    }),
  )
})

test('the order of insertion does not change the bytes', () => {
  const a: StoredTensor = { dtype: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 3) }
  const b: StoredTensor = { dtype: 'float32', shape: [], data: Float32Array.of(0.5) }
  expect(encodeSafetensors({ a, b }, { x: '1', y: '2' })).toEqual(encodeSafetensors({ b, a }, { y: '2', x: '1' }))
})

test('the bytes are those that the format describes', () => {
  const bytes = encodeSafetensors({ w: { dtype: 'int32', shape: [1, 2], data: Int32Array.of(1, -2) } })
  const header = '{"w":{"dtype":"I32","shape":[1,2],"data_offsets":[0,8]}}'
  expect(header.length % 8).toBe(0)
  expect(Buffer.from(bytes).toString('latin1')).toBe(
    `${String.fromCharCode(header.length)}\0\0\0\0\0\0\0${header}\x01\0\0\0\xfe\xff\xff\xff`,
  )
})

test('a file written by Python is read', async () => {
  const fixtures = new URL('../../fixtures/', import.meta.url)
  interface Described {
    readonly dtype: string
    readonly shape: number[]
    readonly sha256: string
    readonly values: (number | string)[]
  }
  const expected: { metadata: Record<string, string>; tensors: Record<string, Described> } = JSON.parse(
    readFileSync(new URL('python_safetensors.json', fixtures), 'utf8'),
  )
  const { tensors, metadata } = await readSafetensors(fileURLToPath(new URL('python.safetensors', fixtures)))
  expect(JSON.parse(metadata.header!)).toEqual(expected.metadata)
  expect(Object.keys(tensors).sort()).toEqual(Object.keys(expected.tensors).sort())
  for (const [name, { dtype, shape: dims, sha256: hash, values }] of Object.entries(expected.tensors)) {
    const tensor = tensors[name]!
    expect([tensor.dtype, tensor.shape]).toEqual([dtype, dims])
    expect(sha256(new Uint8Array(tensor.data.buffer))).toBe(hash)
    const numbers = { inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY }
    expect([...tensor.data]).toEqual(
      values.map((v) => (typeof v === 'string' ? numbers[v as keyof typeof numbers] : v)),
    )
  }
})

test('files are written whole, replace the old ones, and leave nothing beside them', async () => {
  const path = join(folder, 'new', 'folder', 't.safetensors')
  for (const value of [1, 2]) {
    await writeSafetensors(
      path,
      { w: { dtype: 'float32', shape: [1], data: Float32Array.of(value) } },
      { v: `${value}` },
    )
  }
  const { tensors, metadata } = await readSafetensors(path)
  expect(tensors).toEqual({ w: { dtype: 'float32', shape: [1], data: Float32Array.of(2) } })
  expect(metadata).toEqual({ v: '2' })
  expect(await readdir(join(folder, 'new', 'folder'))).toEqual(['t.safetensors'])
})

/** A file with the given header text and number of data bytes. */
function fileOf(header: string, dataBytes: number): Uint8Array {
  const text = Buffer.from(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)])
}
const entry = (begin: number, end: number, dtype = 'U8', dims: unknown = [end - begin]): string =>
  JSON.stringify({ dtype, shape: dims, data_offsets: [begin, end] })

describe('damaged files are refused with the reason', () => {
  const huge = Buffer.alloc(16)
  huge.writeBigUInt64LE(2n ** 63n)
  const cases: [string, Uint8Array, string][] = [
    ['empty', new Uint8Array(0), 'only 0 bytes'],
    ['header too long', huge, 'the limit is 100000000'],
    ['header cut', fileOf('{}   ', 0).subarray(0, 11), 'only 3 follow'],
    ['no header', fileOf('', 0), 'begin with {'],
    ['leading space', fileOf(' {}', 0), 'begin with {'],
    ['not JSON', fileOf('{"a":', 0), 'not JSON'],
    ['not UTF-8', Buffer.concat([fileOf('', 0).fill(2, 0, 1), Buffer.from([0x7b, 0xff])]), 'not JSON'],
    ['trailing garbage in the header', fileOf('{}x', 0), 'not JSON'],
    ['tensor twice', fileOf(`{"a":${entry(0, 1)},"\\u0061":${entry(1, 2)}}`, 2), '"a" twice'],
    [
      'key of an entry twice',
      fileOf('{"a":{"dtype":"U8","dtype":"I32","shape":[1],"data_offsets":[0,1]}}', 1),
      'twice',
    ],
    ['metadata not text', fileOf('{"__metadata__":{"a":1}}', 0), '__metadata__'],
    ['metadata a list', fileOf('{"__metadata__":["a"]}', 0), '__metadata__'],
    ['entry not an object', fileOf('{"a":[1]}', 0), 'not an object'],
    ['unknown key', fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}', 1), 'unknown keys'],
    ['type missing', fileOf('{"a":{"shape":[1],"data_offsets":[0,1]}}', 1), 'undefined'],
    ['type not supported', fileOf(`{"a":${entry(0, 8, 'I64', [1])}}`, 8), '"I64", not F64'],
    ['shape negative', fileOf(`{"a":${entry(0, 1, 'U8', [-1, -1])}}`, 1), 'list of sizes'],
    ['shape not whole', fileOf(`{"a":${entry(0, 1, 'U8', [0.5, 2])}}`, 1), 'list of sizes'],
    ['shape overflows', fileOf(`{"a":${entry(0, 1, 'U8', [2 ** 52, 2 ** 52])}}`, 1), 'needs'],
    ['one offset', fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}', 1), 'two positions'],
    ['size mismatch', fileOf(`{"a":${entry(0, 4, 'F32', [2])}}`, 4), 'needs 8 bytes but has 4'],
    ['end before begin', fileOf(`{"a":${entry(4, 0, 'U8', [4])}}`, 4), 'needs 4 bytes but has -4'],
    ['out of range', fileOf(`{"a":${entry(0, 9)}}`, 8), 'need 9 bytes of data and it has 8'],
    ['overlap', fileOf(`{"a":${entry(0, 4)},"b":${entry(2, 6)}}`, 6), 'begin at 2 but those before it end at 4'],
    ['same place twice', fileOf(`{"a":${entry(0, 4)},"b":${entry(0, 4)}}`, 4), 'begin at 0'],
    ['hole', fileOf(`{"a":${entry(0, 4)},"b":${entry(5, 6)}}`, 6), 'begin at 5'],
    ['bytes after the last', fileOf(`{"a":${entry(0, 4)}}`, 5), 'need 4 bytes of data and it has 5'],
    ['bool neither 0 nor 1', Buffer.concat([fileOf(`{"a":${entry(0, 1, 'BOOL')}}`, 0), Buffer.of(2)]), 'is BOOL'],
  ]
  test.each(cases)('%s', (_, bytes, reason) => {
    const decode = (): unknown => decodeSafetensors(bytes, 'ticket.safetensors')
    expect(decode).toThrow(UserError)
    expect(decode).toThrow(reason)
    expect(decode).toThrow('ticket.safetensors')
  })

  test('an unreadable or damaged file is named', async () => {
    await expect(readSafetensors(join(folder, 'absent'))).rejects.toThrow(/absent cannot be read .*ENOENT/)
    const path = join(folder, 'damaged')
    await writeFile(path, 'hello world')
    await expect(readSafetensors(path)).rejects.toThrow(`${path}: not a valid safetensors file`)
  })

  test('10,000 files of random bytes, cuts and changed bytes never crash the reader', () => {
    const valid = encodeSafetensors(
      {
        a: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
        m: { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
      },
      { x: 'y' },
    )
    const change = fc.tuple(fc.nat(valid.length - 1), fc.nat(255))
    const damaged = fc.tuple(fc.array(change, { maxLength: 4 }), fc.nat(valid.length)).map(([changes, length]) => {
      const bytes = new Uint8Array(valid)
      for (const [at, value] of changes) bytes[at] = value
      return bytes.subarray(0, length)
    })
    const tryDecode = (bytes: Uint8Array): void => {
      try {
        const { tensors, metadata } = decodeSafetensors(bytes)
        // Whatever is accepted is whole: it survives another round.
        expect(exactly(decodeSafetensors(encodeSafetensors(tensors, metadata)).tensors)).toEqual(exactly(tensors))
      } catch (error) {
        if (!(error instanceof UserError)) throw error
      }
    }
    fc.assert(fc.property(damaged, tryDecode), { numRuns: 8000 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), tryDecode), { numRuns: 1000 })
    const header = fc.json().map((text) => fileOf(text, 4))
    fc.assert(fc.property(header, tryDecode), { numRuns: 1000 })
  })

  test('a header string with millions of escapes is read', () => {
    const note = '"'.repeat(6_000_000)
    expect(decodeSafetensors(encodeSafetensors({}, { note })).metadata.note).toBe(note)
  })
})

test('tensors that do not hold together are not written', () => {
  const encode =
    (tensor: StoredTensor, name = 'w') =>
    () =>
      encodeSafetensors({ [name]: tensor })
  const data = Float32Array.of(1, 2)
  expect(encode({ dtype: 'float32', shape: [3], data })).toThrow('shape [3] but 2 elements')
  expect(encode({ dtype: 'float32', shape: [-1, -2], data })).toThrow('shape [-1,-2]')
  expect(encode({ dtype: 'int32', shape: [2], data })).toThrow('must be a Int32Array, not Float32Array')
  expect(encode({ dtype: 'bool', shape: [1], data: Uint8Array.of(2) })).toThrow('must be 0 or 1')
  expect(encode({ dtype: 'float32', shape: [2], data }, '__metadata__')).toThrow('reserved')
  expect(encode({ dtype: 'float32', shape: [2], data }, '\ud800')).toThrow('Unicode')
})
