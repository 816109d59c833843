/** MAT-files that scipy wrote are read; anything else is refused in one sentence and never crashes the parser. */
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../errors.js'
import { sha256 } from '../files/index.js'
import { CAMPAIGN, damaged, expectedIn, imageFile, outcome } from './image-files.testing.js'
import { parseMat5 } from './mat5.js'
import { parseSvhn } from './svhn.js'

const limit = 20_000
const files = ['svhn-compressed.mat', 'svhn-plain.mat', 'svhn-double.mat']
const parse = (bytes: Uint8Array, most = limit) => parseMat5(bytes, { file: 'a.mat', limit: most })

/** A file and its parts, written here from the format's description. */
const header = () => {
  const bytes = Buffer.alloc(128, ' ')
  bytes.writeUInt16LE(0x0100, 124)
  bytes.write('IM', 126)
  return bytes
}
const element = (type: number, data: Uint8Array, size = data.length): Buffer => {
  const tag = Buffer.alloc(8)
  tag.writeUInt32LE(type, 0)
  tag.writeUInt32LE(size, 4)
  return Buffer.concat([tag, data, Buffer.alloc(type === 15 ? 0 : (8 - (data.length % 8)) % 8)])
}
const int32 = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer)
const small = (type: number, data: number[]): Buffer =>
  Buffer.from([type, 0, data.length, 0, ...data, ...Array(4 - data.length).fill(0)])
const matrix = (shape: number[], data: Buffer, classCode = 9): Buffer =>
  element(14, Buffer.concat([element(6, int32(classCode, 0)), element(5, int32(...shape)), small(1, [0x61]), data]))
const file = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat([header(), ...parts]))
const good = matrix([2, 3], element(2, Uint8Array.of(1, 2, 3, 4, 5, 6)))
const tinted = (place: number, value: number): Uint8Array => {
  const bytes = file(good)
  bytes[place] = value
  return bytes
}

describe('parseMat5', () => {
  it.each(files)('reads the numeric variables of %s and passes over the others', (name) => {
    const variables = parse(imageFile(name))
    expect([...variables.keys()].sort()).toEqual(['X', 'half', 'negative', 'y'])
    expect(variables.get('X')!.shape).toEqual([32, 32, 3, 5])
    expect([...variables.get('negative')!.data]).toEqual([-1, 300, 70000])
    // Column by column.
    expect(variables.get('half')).toEqual({ shape: [2, 2], data: Float64Array.of(0.5, 1e300, -2, 0) })
    expect([...variables.get('y')!.data]).toEqual([1, 10, 5, 9, 2])
  })

  it('reads what this test writes, compressed or not', () => {
    for (const bytes of [file(good), file(element(15, deflateSync(good)))]) {
      expect([...parse(bytes)]).toEqual([['a', { shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) }]])
    }
  })

  it.each([
    ['empty', new Uint8Array(), 'only 0 bytes'],
    ['of another kind', new Uint8Array(200), 'no byte-order mark'],
    ['big-endian', tinted(126, 0x4d).map((b, i) => (i === 127 ? 0x49 : b)), 'it is big-endian'],
    ['HDF5', tinted(125, 2), 'version 7.3'],
    ['of version 4', tinted(125, 4), 'its version is 4'],
    ['cut off', file(good).slice(0, -5), 'are left'],
    ['cut off in a tag', file(good, Uint8Array.of(1, 2, 3)), 'ends within the tag'],
    ['oversize', file(element(14, good, 2 ** 32 - 1)), 'has 4294967295 bytes'],
    ['not a variable', file(element(2, Uint8Array.of(1))), 'an element of type 2 where a variable is expected'],
    ['too few elements', file(matrix([2, 3], element(2, Uint8Array.of(1, 2)))), 'of 2 x 3 needs 6 bytes and has 2'],
    ['impossible sizes', file(matrix([2 ** 31 - 1, 2 ** 31 - 1], element(2, Uint8Array.of(1)))), 'and has 1'],
    ['negative sizes', file(matrix([-1, -6], element(2, Uint8Array.of(1)))), 'the dimensions -1 x -6'],
    ['of a strange type', file(matrix([1, 1], element(16, Uint8Array.of(1)))), 'has elements of type 16'],
    ['twice the same', file(good, good), 'the variable a twice'],
    ['badly compressed', file(element(15, deflateSync(good).subarray(0, 20))), 'cannot be unpacked'],
    ['compressed twice', file(element(15, deflateSync(element(15, deflateSync(good))))), 'compressed twice'],
    ['two in one', file(element(15, deflateSync(Buffer.concat([good, good])))), 'exactly one variable'],
    ['a bomb', file(element(15, deflateSync(matrix([1e7, 1], element(2, new Uint8Array(1e7)))))), 'cannot be unpacked'],
  ])('refuses a file that is %s', (_, bytes, reason) => {
    expect(() => parse(bytes)).toThrow(UserError)
    expect(() => parse(bytes)).toThrow(reason)
    expect(() => parse(bytes)).toThrow(/^a\.mat is not a valid MATLAB 5 file, since [^\n]*; fetch it again\.$/)
  })

  it(`refuses or reads ${CAMPAIGN} damaged files, and never looks beyond their ends`, () => {
    const inner = matrix([2, 3], element(2, Uint8Array.of(1, 2, 3, 4, 5, 6)))
    const zipped = damaged(new Uint8Array(inner)).map((content) => file(element(15, deflateSync(content))))
    const scipy = imageFile('svhn-plain.mat')
    const wild = fc.oneof(
      damaged(file(good, element(15, deflateSync(matrix([1, 1], small(2, [5])))))),
      zipped,
      // Behind the header, where the tags of the small variables are.
      damaged(scipy.slice(128, 1200)).map((rest) => new Uint8Array(Buffer.concat([scipy.subarray(0, 128), rest]))),
      damaged(imageFile('svhn-compressed.mat')),
    )
    fc.assert(
      fc.property(wild, (bytes) => {
        const found = outcome(parse, bytes)
        if (typeof found === 'string') return
        for (const { shape, data } of found.values()) expect(shape.reduce((a, b) => a * b, 1)).toBe(data.length)
      }),
      { numRuns: CAMPAIGN },
    )
  })
})

describe('parseSvhn', () => {
  it.each(files)('reads %s: rows, columns, channels in their places, and 10 is the digit 0', (name) => {
    const { images, labels, count } = parseSvhn(imageFile(name), name, 5)
    const expected = expectedIn('svhn')
    expect(count).toBe(5)
    expect([...labels]).toEqual(expected.labels)
    expect(expected.labels).toContain(0)
    expect(sha256(images)).toBe(expected.images)
    expect(images[3 * 3072 + (5 * 32 + 6) * 3 + 2]).toBe((37 * 3 + 101 * 2 + 3 * 25 + 42 + 30) % 256)
  })

  it('refuses other counts, labels, shapes and files without images', () => {
    const plain = imageFile('svhn-plain.mat')
    const svhn = (bytes: Uint8Array, count = 5) => parseSvhn(bytes, 'train.mat', count)
    expect(() => svhn(plain, 6)).toThrow('train.mat has X of 32 x 32 x 3 x 5, not 32 x 32 x 3 x 6; fetch it again.')
    expect(() => svhn(file(good))).toThrow('train.mat has no array X')
    const labels = Buffer.from(plain).lastIndexOf(Buffer.from([1, 10, 5, 9, 2]))
    for (const [value, said] of [
      [0, 0],
      [11, 11],
    ] as const) {
      const wrong = plain.slice()
      wrong[labels + 1] = value
      expect(() => svhn(wrong)).toThrow(UserError)
      expect(() => svhn(wrong)).toThrow(`train.mat has the label ${said} at image 1, and labels go from 1 to 10;`)
    }
  })

  it(`refuses or reads ${CAMPAIGN} damaged files, and never looks beyond their ends`, () => {
    const wild = fc.oneof(damaged(imageFile('svhn-compressed.mat')), damaged(imageFile('svhn-double.mat')))
    fc.assert(
      fc.property(wild, (bytes) => {
        const found = outcome((file) => parseSvhn(file, 'file', 5), bytes)
        if (typeof found !== 'string') expect(found.labels.every((label) => label < 10)).toBe(true)
      }),
      { numRuns: CAMPAIGN },
    )
  })
})
