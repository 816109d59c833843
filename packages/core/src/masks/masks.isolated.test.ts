/** Exact selection against a naive sort (trap T2), counts and records. */
import { createEngine } from '@winning-tickets/jit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { model } from '../models/index.js'
import { stream } from '../random/index.js'
import {
  checkMasks,
  countKept,
  denseMasks,
  densityRecord,
  keptCount,
  type Masks,
  maskWeights,
  type Scores,
  select,
  topK,
} from './index.js'

/** Few distinct values, so that ties are common; infinities and both zeros among them, and denormal numbers of both types. */
const score = fc.oneof(
  fc.constantFrom(0, -0, 1, 2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.float({ noNaN: true }),
  // Alike in their first 16 bits, and smaller than all normal numbers.
  fc.tuple(fc.constantFrom(1, -1), fc.integer({ min: 0, max: 2 ** 14 })).map(([sign, i]) => sign * (3 + i * 2 ** -21)),
  fc.tuple(fc.constantFrom(1, -1), fc.integer({ min: 0, max: 9 })).map(([sign, i]) => sign * i * 2 ** -149),
  fc.tuple(fc.constantFrom(1, -1), fc.integer({ min: 110, max: 149 })).map(([sign, i]) => sign * 2 ** -i),
  fc.tuple(fc.constantFrom(1, -1), fc.integer({ min: 1010, max: 1074 })).map(([sign, i]) => sign * 2 ** -i),
)
const scoresAndK = fc
  .array(score, { maxLength: 60 })
  .chain((scores) => fc.tuple(fc.constant(scores), fc.integer({ min: 0, max: scores.length })))

/** Indices of the k best: sorted by score, then by index. */
function naiveTop(scores: ArrayLike<number>, k: number): Set<number> {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b)
  // Infinity - Infinity is NaN, which `||` also takes for equal.
  return new Set(order.slice(0, k))
}

function naiveFlags(scores: ArrayLike<number>, k: number): Uint8Array {
  const best = naiveTop(scores, k)
  return Uint8Array.from(scores, (_, i) => Number(best.has(i)))
}

test('top-K is the naive sort, for both types of array', () => {
  fc.assert(
    fc.property(scoresAndK, ([numbers, k]) => {
      for (const scores of [Float64Array.from(numbers), Float32Array.from(numbers)]) {
        expect(topK(scores, k)).toEqual(naiveFlags(scores, k))
      }
    }),
    { numRuns: 500 },
  )
})

test('top-K of many scores that are alike in their first bits', () => {
  for (const sign of [1, -1]) {
    const scores = Array.from(stream(3, 'scores').integers(20_000, 4000), (i) => sign * (1 + i * 2 ** -18))
    const k = 7001
    const kept = topK(Float64Array.from(scores), k)
    const best = naiveTop(scores, k)
    expect(kept.every((flag, i) => flag === Number(best.has(i)))).toBe(true)
    expect(topK(Float32Array.from(scores), k)).toEqual(kept)
  }
})

test('NaN and impossible counts are refused', () => {
  expect(() => topK(Float32Array.of(1, Number.NaN, 2), 1)).toThrow('Score 1 of 3 is NaN')
  expect(() => topK(Float32Array.of(1), 2)).toThrow('keeps between 0 and 1 of 1 scores, not 2')
  expect(() => keptCount(1.5, 3)).toThrow(UserError)
  expect([keptCount(0.5, 5), keptCount(0.8, 235_200), keptCount(0, 7), keptCount(1, 7)]).toEqual([3, 188_160, 0, 7])
})

test('of several parts in both precisions, a NaN is named by its place among all', () => {
  const scores: Scores = { a: Float32Array.of(3, 0.5), b: Float64Array.of(0.1, 2, Number.NaN) }
  expect(() => select(scores, { scope: 'global', density: 0.4 })).toThrow('Score 4 of 5 is NaN')
  const masks = select({ ...scores, b: Float64Array.of(0.1, 2, 3) }, { scope: 'global', density: 0.4 })
  expect(masks).toEqual({ a: Uint8Array.of(1, 0), b: Uint8Array.of(0, 0, 1) })
})

const layers = fc.record({ a: fc.array(score, { minLength: 1, maxLength: 30 }), b: fc.array(score, { maxLength: 30 }) })
const arrays = (parts: { a: number[]; b: number[] }): Scores => ({
  a: Float32Array.from(parts.a),
  b: Float32Array.from(parts.b),
})

describe('selection', () => {
  test('global: one ranking, layers one after the other', () => {
    fc.assert(
      fc.property(layers, fc.double({ min: 0, max: 1, noNaN: true }), (parts, density) => {
        const all = [...parts.a, ...parts.b]
        const kept = naiveTop(all, Math.round(density * all.length))
        const masks = select(arrays(parts), { scope: 'global', density })
        expect([...masks.a!, ...masks.b!]).toEqual(all.map((_, i) => (kept.has(i) ? 1 : 0)))
      }),
    )
  })

  test('layerwise: each layer by itself', () => {
    const density = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(layers, density, density, (parts, a, b) => {
        const masks = select(arrays(parts), { scope: 'layerwise', densities: { a, b } })
        for (const [name, d] of [
          ['a', a],
          ['b', b],
        ] as const) {
          const kept = naiveTop(parts[name], Math.round(d * parts[name].length))
          expect([...masks[name]!]).toEqual(parts[name].map((_, i) => (kept.has(i) ? 1 : 0)))
        }
      }),
    )
  })

  test('among candidates: nothing else is kept, and the count is of all', () => {
    fc.assert(
      fc.property(layers, fc.uint8Array({ max: 1, minLength: 60, maxLength: 60 }), fc.nat(), (parts, flags, draw) => {
        const scores = arrays(parts)
        const among: Masks = { a: flags.slice(0, parts.a.length), b: flags.slice(30, 30 + parts.b.length) }
        const total = parts.a.length + parts.b.length
        const candidates = countKept(among.a!) + countKept(among.b!)
        const k = draw % (candidates + 1)
        const masks = select(scores, { scope: 'global', density: k / total }, among)
        expect(countKept(masks.a!) + countKept(masks.b!)).toBe(k)
        // The naive rank of those left, with all others behind.
        const all = [...parts.a, ...parts.b]
        const left = [...among.a!, ...among.b!]
        const places = all.map((_, i) => i).filter((i) => left[i] === 1)
        const best = naiveTop(
          places.map((i) => all[i]!),
          k,
        )
        const expected = all.map((_, i) => (left[i] === 1 && best.has(places.indexOf(i)) ? 1 : 0))
        expect([...masks.a!, ...masks.b!]).toEqual(expected)
      }),
    )
    expect(() =>
      select({ a: Float32Array.of(1, 2) }, { scope: 'global', density: 1 }, { a: Uint8Array.of(1, 0) }),
    ).toThrow('2 of 2 weights cannot be kept, since only 1 are left')
  })
})

describe('records and application', () => {
  const tiny = model('lenet-300-100', { inputShape: [2], hidden: [2], classes: 1 })
  const masks: Masks = { 'fc1.kernel': Uint8Array.of(1, 0, 0, 1), 'fc2.kernel': Uint8Array.of(0, 0) }

  test('N, K, all parameters, each layer, collapsed layers', () => {
    expect(densityRecord(tiny, masks)).toEqual({
      prunable: 6,
      kept: 2,
      density: 2 / 6,
      sparsity: 1 - 2 / 6,
      compression: 3,
      parameters: 9,
      layers: [
        { name: 'fc1.kernel', prunable: 4, kept: 2 },
        { name: 'fc2.kernel', prunable: 2, kept: 0 },
      ],
      collapsed: ['fc2.kernel'],
    })
    expect(densityRecord(tiny)).toEqual(densityRecord(tiny, denseMasks(tiny)))
    const nothing = { 'fc1.kernel': new Uint8Array(4), 'fc2.kernel': new Uint8Array(2) }
    expect(densityRecord(tiny, nothing).compression).toBeNull()
  })

  test('masked weights are +0, others untouched', () => {
    const weights = { 'fc1.kernel': Float32Array.of(-1, -2, 3, -0), 'fc1.bias': Float32Array.of(7) }
    const masked = maskWeights(weights, { 'fc1.kernel': masks['fc1.kernel']! })
    expect([...masked['fc1.kernel']!].map((value) => Object.is(value, 0))).toEqual([false, true, true, false])
    expect(masked['fc1.kernel']![0]).toBe(-1)
    expect(masked['fc1.bias']).toBe(weights['fc1.bias'])
  })

  test('under another mask, the arrays of an earlier one are changed to the same bits', () => {
    const masksOf = (size: number) => fc.uint8Array({ max: 1, minLength: size, maxLength: size })
    const sizes = fc.integer({ min: 1, max: 23 })
    fc.assert(
      fc.property(
        sizes.chain((size) =>
          fc.tuple(fc.float32Array({ minLength: size, maxLength: size }), masksOf(size), masksOf(size + 1)),
        ),
        ([kernel, a, longer]) => {
          // Not at the beginning of its buffer.
          const b = longer.subarray(1)
          const before = { weights: maskWeights({ kernel }, { kernel: a }), masks: { kernel: a } }
          const array = before.weights.kernel
          const masked = maskWeights({ kernel }, { kernel: b }, before).kernel!
          expect(masked).toBe(array)
          expect(Buffer.from(masked.buffer)).toEqual(Buffer.from(maskWeights({ kernel }, { kernel: b }).kernel!.buffer))
        },
      ),
    )
  })

  test('masks that do not fit are refused', () => {
    expect(() => checkMasks(tiny, { ...masks, 'fc1.bias': Uint8Array.of(1) })).toThrow('fc1.bias')
    expect(() => checkMasks(tiny, { 'fc1.kernel': masks['fc1.kernel']! })).toThrow('fc2.kernel has no elements')
    expect(() => checkMasks(tiny, { ...masks, 'fc2.kernel': Uint8Array.of(2, 0) })).toThrow('other than 0 and 1')
  })
})

// The last test, since it holds for the process from here on.
test('top-K is the naive sort where ONNX Runtime lets the processor take denormal numbers for zeros', async () => {
  const engine = await createEngine()
  // Written as bits: numbers that are computed would be zeros already.
  const bits = fc.constantFrom(0, 1, 0xffff, 0x1_0000, 0x1_0001, 0x7f_ffff, 0x80_0000, 0x3f80_0000)
  const words = fc.array(fc.tuple(bits, fc.constantFrom(0, 1)), { maxLength: 24 })
  fc.assert(
    fc.property(words, fc.nat(24), (pairs, most) => {
      const scores = new Float32Array(Int32Array.from(pairs, ([word, sign]) => word | (sign << 31)).buffer)
      const k = Math.min(most, scores.length)
      expect(topK(scores, k)).toEqual(naiveFlags(scores, k))
    }),
  )
  await engine.dispose()
})
