/** Level densities against the paper's figures (claims.md 1.a), and counts (trap T2). */
import {
  densityRecord,
  type Masks,
  model,
  prunableParameters,
  pruneByMagnitude,
  sizeOf,
  stream,
  UserError,
} from '@winning-tickets/core'
import { describe, expect, test } from 'vitest'
import { type ImpOptionsInput, impOptions, impPlan, optionsTo } from './index.js'

const lenet = model('lenet-300-100')
const weights = Object.fromEntries(
  lenet.parameters.map(({ name, shape }) => [name, stream(1, name).normals(sizeOf(shape))]),
)

/** The densities, in percent with two digits, of all levels pruned one after the other. */
function ladder(options: ImpOptionsInput): { percent: string[]; masks: Masks[] } {
  const masks: Masks[] = []
  for (const target of impPlan(lenet, impOptions(options)).targets) {
    masks.push(pruneByMagnitude(lenet, weights, masks.at(-1), target))
  }
  return { percent: masks.map((mask) => (100 * densityRecord(lenet, mask).density).toFixed(2)), masks }
}

describe('levels of LeNet-300-100', () => {
  test('layerwise at 20%, output at half that, are those of the paper', () => {
    const expected =
      '80.04 64.06 51.28 41.05 32.87 26.32 21.07 16.88 13.52 10.83 8.68 6.95 5.57 4.47 3.58 2.87 2.31 1.85 1.49 1.19'
    const { percent, masks } = ladder({ rounds: 20 })
    expect(percent.join(' ')).toBe(expected)
    for (const [i, mask] of masks.entries()) {
      for (const { name, shape, output } of prunableParameters(lenet)) {
        const kept = mask[name]!.reduce((sum, flag) => sum + flag, 0)
        expect(kept).toBe(Math.round(sizeOf(shape) * (output ? 0.9 : 0.8) ** (i + 1)))
        // Nested: nothing that was pruned comes back.
        if (i > 0) expect(mask[name]!.every((flag, j) => flag <= masks[i - 1]![name]![j]!)).toBe(true)
      }
    }
  })

  test('global at 20% are those of the paper', () => {
    const expected =
      '80.00 64.00 51.20 40.96 32.77 26.21 20.97 16.78 13.42 10.74 8.59 6.87 5.50 4.40 3.52 2.81 2.25 1.80 1.44 1.15'
    const { percent, masks } = ladder({ rounds: 20, rates: { scope: 'global' } })
    expect(percent.join(' ')).toBe(expected)
    // One ranking over all layers: every kept weight is at least as large as every pruned one.
    const last = masks.at(-1)!
    const all = prunableParameters(lenet).flatMap(({ name }) =>
      [...weights[name]!].map((weight, i) => ({ size: Math.abs(weight), kept: last[name]![i] === 1 })),
    )
    const smallestKept = Math.min(...all.filter(({ kept }) => kept).map(({ size }) => size))
    expect(all.every(({ size, kept }) => kept || size <= smallestKept)).toBe(true)
  })

  test('one cut to a level keeps the same weights as many cuts of the same magnitudes', () => {
    const { masks } = ladder({ rounds: 8 })
    const target = impPlan(lenet, impOptions({ rounds: 8 })).targets[7]!
    expect(pruneByMagnitude(lenet, weights, undefined, target)).toEqual(masks[7])
  })
})

test('options are checked, and defaults written out', () => {
  expect(impOptions({ rounds: 3 })).toEqual({
    rounds: 3,
    strategy: 'iterative',
    rates: { scope: 'layerwise', dense: 0.2, conv: 0.1, output: 0.1 },
    rewindTo: 0,
  })
  expect(impOptions({ rounds: 1, rates: { scope: 'layerwise', dense: 0.4 } }).rates).toMatchObject({ output: 0.2 })
  expect(() => impOptions({ rounds: 0 })).toThrow(UserError)
  expect(() => impOptions({ rounds: 1, rewindTo: -1 })).toThrow('rewindTo is -1')
})

describe('options for a density', () => {
  test('end at exactly that many weights, at a rate near a fifth', () => {
    for (let i = 0; i < 20; i++) {
      const density = 0.9 * (3 / 266_200 / 0.9) ** (i / 19)
      const options = impOptions(optionsTo(density) as ImpOptionsInput)
      const target = impPlan(lenet, options).targets.at(-1)!
      expect(target.scope === 'global' && Math.round(target.density * 266_200)).toBe(Math.round(density * 266_200))
      const { rates } = options
      if (density < 0.8) expect(Math.abs((rates.scope === 'global' ? rates.rate : 0) - 0.2)).toBeLessThan(0.1)
    }
    expect(optionsTo(0.25, { rounds: 2, rewindTo: 5 })).toEqual({
      rounds: 2,
      rewindTo: 5,
      rates: { scope: 'global', rate: 0.5 },
    })
  })

  test.each([0, 1, 1.5, Number.NaN])('%s is none', (density) => {
    expect(() => optionsTo(density)).toThrow(UserError)
  })

  test('rates say a density themselves', () => {
    expect(() => optionsTo(0.1, { rates: { scope: 'global', rate: 0.5 } })).toThrow('a density or rates, not both')
  })
})
