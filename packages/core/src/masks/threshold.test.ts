/** The threshold rules of reference implementations against a sort, and against the exact selector. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countKept, keptCount, type Masks, selectByThreshold, selectCount } from './index.js'

const keptOf = (masks: Masks): number => Object.values(masks).reduce((sum, flags) => sum + countKept(flags), 0)

/** Two parameters of few distinct scores, so that ties are common. */
const scores = fc.record({
  a: fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 20 }).map((values) => Float64Array.from(values)),
  b: fc
    .array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 20 })
    .map((values) => Float32Array.from(values)),
})
const density = fc.double({ min: 0, max: 1, noNaN: true })

describe.each([
  ['above', (value: number, threshold: number) => value > threshold],
  ['from', (value: number, threshold: number) => value >= threshold],
] as const)('%s the threshold', (rule, isKept) => {
  /** As the reference implementations go about it. */
  function naive(values: readonly number[], d: number): number[] {
    const removed = Math.trunc((1 - d) * values.length)
    if (removed < 1) return values.map(() => 1)
    const threshold = values.toSorted((x, y) => x - y)[removed - 1]!
    return values.map((value) => Number(isKept(value, threshold)))
  }

  test('compares all weights with one threshold, or each parameter’s with its own', () => {
    fc.assert(
      fc.property(scores, density, ({ a, b }, d) => {
        const all = [...a, ...b]
        const global = selectByThreshold({ a, b }, { scope: 'global', density: d }, rule)
        expect([...global.a!, ...global.b!]).toEqual(naive(all, d))
        const layerwise = selectByThreshold({ a, b }, { scope: 'layerwise', densities: { a: d, b: 1 - d } }, rule)
        expect([...layerwise.a!]).toEqual(naive([...a], d))
        expect([...layerwise.b!]).toEqual(naive([...b], 1 - d))
      }),
    )
  })

  test('without ties it keeps K rounded up, or one more; ties take or bring as many as there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), density, (total, d) => {
        const a = Float64Array.from({ length: total }, (_, i) => (i * 7) % 53)
        const removed = Math.floor((1 - d) * total)
        const kept = keptOf(selectByThreshold({ a }, { scope: 'global', density: d }, rule))
        expect(kept).toBe(total - removed + Number(rule === 'from' && removed > 0))
        expect(Math.abs(kept - keptCount(d, total))).toBeLessThanOrEqual(2)
      }),
    )
    expect(() => selectByThreshold({ a: Float64Array.of(1) }, { scope: 'global', density: 2 }, rule)).toThrow(
      'between 0 and 1, not 2',
    )
    expect(() => selectByThreshold({ a: Float64Array.of(1) }, { scope: 'layerwise', densities: {} }, rule)).toThrow(
      'no density for a',
    )
    const equal = { a: new Float64Array(10).fill(3) }
    expect(keptOf(selectCount(equal, 5))).toBe(5)
    expect(keptOf(selectByThreshold(equal, { scope: 'global', density: 0.5 }, rule))).toBe(rule === 'above' ? 0 : 10)
  })
})
