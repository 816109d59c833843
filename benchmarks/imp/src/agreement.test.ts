/** Agreement of two properties against counting by hand, all permutations, and published intervals. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { agreeing, chanceOfAgreement, shareInterval, type Table } from './agreement.js'

const table = (first: readonly boolean[], second: readonly boolean[]): Table => {
  const count = (flags: readonly boolean[]) => flags.filter(Boolean).length
  return {
    cells: first.length,
    first: count(first),
    second: count(second),
    both: count(first.map((flag, i) => flag && second[i]!)),
  }
}

/** All orders of some flags, each as often as it arises. */
function orders(flags: readonly boolean[]): boolean[][] {
  if (flags.length === 0) return [[]]
  return flags.flatMap((flag, i) => orders(flags.toSpliced(i, 1)).map((rest) => [flag, ...rest]))
}

describe('agreement', () => {
  it('counts cells that have both properties or neither', () => {
    expect(agreeing(table([true, false, true, false], [true, false, false, true]))).toBe(2)
  })

  it('is by chance as often as permutations within a seed say', () => {
    const flags = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(flags, (pairs) => {
        const first = pairs.map(([flag]) => flag)
        const second = pairs.map(([, flag]) => flag)
        const observed = agreeing(table(first, second))
        const all = orders(second)
        const asMany = all.filter((order) => agreeing(table(first, order)) >= observed)
        expect(chanceOfAgreement([table(first, second)])).toBeCloseTo(asMany.length / all.length, 12)
      }),
    )
  })

  it('of seeds multiplies where all agree', () => {
    const one = table([false, false, true, true], [false, false, true, true])
    expect(chanceOfAgreement([one, one, one])).toBeCloseTo(1 / 6 ** 3, 12)
    expect(chanceOfAgreement([table([true, true], [true, true])])).toBe(1)
  })

  it('has Wilson’s interval (scipy 1.17.1, binomtest(8, 10).proportion_ci(method="wilson"))', () => {
    const [low, high] = shareInterval(8, 10)
    expect(low).toBeCloseTo(0.4901625, 6)
    expect(high).toBeCloseTo(0.9433178, 6)
    expect(shareInterval(0, 12)[1]).toBeCloseTo(0.2424941, 5)
  })
})
