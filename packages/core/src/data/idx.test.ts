/** The idx parser: right files are read, everything else is refused in one sentence and never crashes it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../errors.js'
import { examplesFromIdx, parseIdx } from './idx.js'
import { CAMPAIGN, outcome } from './image-files.testing.js'

/** An idx file, written here independently of the parser. */
function idx(shape: number[], data: ArrayLike<number>, type = 8): Uint8Array {
  const bytes = [0, 0, type, shape.length]
  for (const side of shape) bytes.push((side >>> 24) & 255, (side >>> 16) & 255, (side >>> 8) & 255, side & 255)
  return Uint8Array.from([...bytes, ...Array.from(data)])
}

describe('parseIdx', () => {
  it('reads what was written', () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.nat(255)), (shape, stream) => {
        const data = [...stream.take(shape.reduce((a, b) => a * b, 1))]
        const parsed = parseIdx(idx(shape, data), 'file')
        expect(parsed.shape).toEqual(shape)
        expect([...parsed.data]).toEqual(data)
      }),
    )
  })

  it.each([
    ['empty', new Uint8Array(), 'only 0 bytes'],
    ['no magic', Uint8Array.of(1, 0, 8, 1, 0, 0, 0, 0), 'two zero bytes'],
    ['floats', idx([1], [1, 2, 3, 4], 13), 'type code is 13'],
    ['no dimensions', Uint8Array.of(0, 0, 8, 0), 'no dimensions'],
    ['header cut off', Uint8Array.of(0, 0, 8, 3, 0, 0), 'ends before their sizes'],
    ['truncated', idx([2, 3], [1, 2, 3, 4, 5]), 'need 6 bytes and it has 5'],
    ['oversize', idx([2, 3], [1, 2, 3, 4, 5, 6, 7]), 'need 6 bytes and it has 7'],
    ['impossible size', idx([2 ** 31, 2 ** 31], [1]), 'bytes and it has 1'],
  ])('refuses a file that is %s', (_, bytes, reason) => {
    expect(() => parseIdx(bytes, 'labels.gz')).toThrow(UserError)
    expect(() => parseIdx(bytes, 'labels.gz')).toThrow(reason)
    expect(() => parseIdx(bytes, 'labels.gz')).toThrow(/^labels\.gz is not a valid idx file.*\.$/)
  })

  it(`refuses or reads ${CAMPAIGN} arbitrary or mutilated files, and never looks beyond their ends`, () => {
    const arbitrary = fc.uint8Array({ maxLength: 64 })
    const mutilated = fc.tuple(fc.nat(40), fc.nat(255), fc.nat(40)).map(([at, value, cut]) => {
      const bytes = idx([2, 3, 4], new Uint8Array(24).fill(7))
      bytes[at % bytes.length] = value
      return bytes.slice(0, cut % 2 ? bytes.length : cut)
    })
    fc.assert(
      fc.property(fc.oneof(arbitrary, mutilated), (bytes) => {
        const found = outcome((file) => parseIdx(file, 'file'), bytes)
        if (typeof found !== 'string') expect(found.shape.reduce((a, b) => a * b, 1)).toBe(found.data.length)
      }),
      { numRuns: CAMPAIGN },
    )
  })
})

describe('examplesFromIdx', () => {
  const images = { idx: parseIdx(idx([2, 2, 2], new Uint8Array(8)), 'images'), file: 'images' }
  const labels = (values: number[]) => ({ idx: parseIdx(idx([values.length], values), 'labels'), file: 'labels' })

  it('joins images and labels', () => {
    expect(examplesFromIdx(images, labels([1, 0]), [2, 2, 1], 2)).toMatchObject({ count: 2 })
  })

  it('refuses wrong sizes, counts and labels by name', () => {
    expect(() => examplesFromIdx(images, labels([1, 0]), [3, 3, 1], 2)).toThrow('images has images of 2 x 2, not 3 x 3')
    expect(() => examplesFromIdx(images, labels([1]), [2, 2, 1], 2)).toThrow('labels has the shape 1 for 2 images')
    expect(() => examplesFromIdx(images, labels([0, 2]), [2, 2, 1], 2)).toThrow('labels has the label 2 at 1')
  })
})

it('the check that nothing is read beyond the ends of a file sees it where it happens', () => {
  const beyond = (bytes: Uint8Array) => new Uint8Array(bytes.buffer, bytes.byteOffset)[bytes.length]
  expect(() => outcome(beyond, Uint8Array.of(1, 2))).toThrow()
  expect(outcome((bytes) => bytes.at(-1), Uint8Array.of(1, 2))).toBe(2)
})
