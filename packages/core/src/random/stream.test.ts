/** Streams against an independent implementation (fixtures/make_random_streams.py) and known distributions. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { type Stream, stream, streams, within } from './stream.js'

interface Case {
  readonly seed: number
  readonly name: string
  readonly uint32: number[]
  readonly farPosition: number
  readonly farUint32: number[]
  readonly uniform: number[]
  readonly normal: number[]
  readonly bits: number[]
  readonly below3e9: number[]
  readonly permutation: number[]
}
interface Fixture {
  readonly cases: Case[]
  /** The 63 quantiles that cut the normal distribution into 64 equal parts. */
  readonly normalEdges: number[]
  readonly kolmogorov999: number
  readonly chiSquare999: Readonly<Record<string, number>>
}
const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/random_streams.json', import.meta.url), 'utf8'),
)

const times = <T>(n: number, draw: () => T): T[] => Array.from({ length: n }, draw)

describe.each(fixture.cases)('seed $seed, name "$name" as the independent program has it', (expected) => {
  const fresh = (): Stream => stream(expected.seed, expected.name)

  test('words, uniforms, bits, bounded integers and orders are equal', () => {
    expect(times(8, fresh().uint32)).toEqual(expected.uint32)
    expect(times(6, fresh().uniform)).toEqual(expected.uniform)
    expect([...fresh().bits(40)]).toEqual(expected.bits)
    const bounded = fresh()
    expect(times(12, () => bounded.below(3_000_000_000))).toEqual(expected.below3e9)
    expect([...fresh().permutation(17)]).toEqual(expected.permutation)
  })

  test('normals agree to the last places', () => {
    const drawn = times(9, fresh().normal)
    for (const [i, value] of expected.normal.entries()) expect(Math.abs(drawn[i]! - value)).toBeLessThan(1e-14)
  })

  test('a far position is reached directly', () => {
    const far = fresh()
    far.restore({ position: expected.farPosition, spareNormal: null })
    expect(times(5, far.uint32)).toEqual(expected.farUint32)
  })
})

test('golden digest: the numbers of a release never change', () => {
  const hash = createHash('sha256')
  const s = stream(42, 'golden')
  hash
    .update(s.normals(1001))
    .update(s.uniforms(99))
    .update(s.permutation(500))
    .update(s.bits(70))
    .update(s.flags(9, 0.3))
  expect(hash.digest('hex')).toBe('f230e84362d5980944c60489519dfe09d2d64d7d6cbe19f29cef684776054dec')
})

test('any mix of draws goes on from a saved state to the same numbers', () => {
  type Draw = 'uint32' | 'uniform' | 'normal' | 'below' | 'normals' | 'permutation'
  const draws = fc.array(fc.constantFrom<Draw>('uint32', 'uniform', 'normal', 'below', 'normals', 'permutation'))
  const run = (s: Stream, list: Draw[]): number[] =>
    list.flatMap((draw) => {
      if (draw === 'below') return s.below(10)
      if (draw === 'normals' || draw === 'permutation') return [...s[draw](67)]
      return s[draw]()
    })
  fc.assert(
    fc.property(fc.nat(), fc.string(), draws, draws, (seed, name, before, after) => {
      const original = stream(seed, name)
      run(original, before)
      const saved: unknown = JSON.parse(JSON.stringify(original.state()))
      const resumed = stream(seed, name)
      resumed.restore(saved as ReturnType<Stream['state']>)
      expect(run(resumed, after)).toEqual(run(original, after))
      expect(resumed.state()).toEqual(original.state())
    }),
  )
})

test('array draws are scalar draws', () => {
  const scalar = stream(1, 'a')
  expect([...stream(1, 'a').normals(333)]).toEqual(times(333, () => Math.fround(scalar.normal())))
  const integers = stream(1, 'b')
  expect([...stream(1, 'b').integers(50, 7)]).toEqual(times(50, () => integers.below(7)))
})

test('names and seeds give unrelated streams, and prefixes join with a slash', () => {
  const names = ['init/fc1', 'init/fc2', 'order', 'init', '1']
  const starts = [0, 1, 11].flatMap((seed) => names.map((name) => streams(seed)(name).uint32()))
  expect(new Set(starts).size).toBe(starts.length)
  expect(within(streams(3), 'init')('fc1.kernel').uint32()).toBe(stream(3, 'init/fc1.kernel').uint32())
})

/** Pearson's statistic of counts that should all be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((a, b) => a + b) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

describe('distributions, at the 99.9% point of the test statistic', () => {
  test('normals: chi-square over 64 equal parts, Kolmogorov-Smirnov at their edges, moments', () => {
    const n = 200_000
    const sample = stream(5, 'normals').normals(n)
    const edges = fixture.normalEdges
    const counts = new Array<number>(edges.length + 1).fill(0)
    for (const x of sample) {
      const part = edges.findIndex((edge) => x < edge)
      counts[part === -1 ? edges.length : part]! += 1
    }
    expect(chiSquare(counts)).toBeLessThan(fixture.chiSquare999['63']!)
    let cumulative = 0
    let distance = 0
    for (let i = 0; i < edges.length; i++) {
      cumulative += counts[i]!
      distance = Math.max(distance, Math.abs(cumulative / n - (i + 1) / 64))
    }
    expect(distance * Math.sqrt(n)).toBeLessThan(fixture.kolmogorov999)
    const moment = (k: number): number => sample.reduce((sum, x) => sum + x ** k, 0) / n
    // Standard errors of the first four raw moments of a normal: sqrt(1/n), sqrt(2/n), sqrt(15/n), sqrt(96/n).
    for (const [k, value, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const) {
      expect(Math.abs(moment(k) - value)).toBeLessThan(3.3 * Math.sqrt(variance / n))
    }
  })

  test('uniforms, bytes of words and bounded integers are flat', () => {
    const s = stream(9, 'flat')
    const tens = new Array<number>(10).fill(0)
    for (const x of s.uniforms(50_000)) tens[Math.floor(x * 10)]! += 1
    expect(chiSquare(tens)).toBeLessThan(fixture.chiSquare999['9']!)
    for (const shift of [0, 8, 16, 24]) {
      const bytes = new Array<number>(256).fill(0)
      for (let i = 0; i < 50_000; i++) bytes[(s.uint32() >>> shift) & 255]! += 1
      expect(chiSquare(bytes)).toBeLessThan(fixture.chiSquare999['255']!)
    }
    const integers = new Array<number>(10).fill(0)
    for (const x of s.integers(50_000, 10)) integers[x]! += 1
    expect(chiSquare(integers)).toBeLessThan(fixture.chiSquare999['9']!)
  })

  test('all six orders of three elements are equally frequent', () => {
    const s = stream(2, 'orders')
    const counts = new Map<string, number>()
    for (let i = 0; i < 12_000; i++) {
      const order = s.permutation(3).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect([...counts.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210'])
    expect(chiSquare([...counts.values()])).toBeLessThan(fixture.chiSquare999['5']!)
  })

  test('flags come up with their probability, and bits with one half', () => {
    const s = stream(4, 'flags')
    const sum = (flags: Uint8Array): number => flags.reduce((a, b) => a + b, 0)
    const n = 100_000
    for (const p of [0.1, 0.5, 0.9]) {
      expect(Math.abs(sum(s.flags(n, p)) - n * p)).toBeLessThan(3.3 * Math.sqrt(n * p * (1 - p)))
    }
    expect(Math.abs(sum(s.bits(n)) - n / 2)).toBeLessThan(3.3 * Math.sqrt(n / 4))
    expect(sum(s.flags(n, 0))).toBe(0)
    expect(sum(s.flags(n, 1))).toBe(n)
  })
})

test('permutations hold every index once', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 0, max: 300 }), (seed, n) => {
      expect([...stream(seed, 'p').permutation(n)].sort((a, b) => a - b)).toEqual([...Array(n).keys()])
    }),
  )
})

test('bad requests are refused', () => {
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => stream(seed, 'x')).toThrow(UserError)
  for (const n of [0, -1, 1.5, 2 ** 32 + 1]) expect(() => stream(0, 'x').below(n)).toThrow(`not ${n}`)
  expect(() => stream(0, 'x').flags(3, 1.1)).toThrow('between 0 and 1')
  for (const position of [-1, 0.5]) {
    expect(() => stream(0, 'x').restore({ position, spareNormal: null })).toThrow(UserError)
  }
  expect(() => stream(0, 'x').restore({ position: 2, spareNormal: Number.NaN })).toThrow(UserError)
})
