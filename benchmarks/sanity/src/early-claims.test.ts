/** EARLY-1 and EARLY-2 on made-up rows whose truth is known: verdicts follow the effects that were put in. */
import { plotsOf, type Results, type Row } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { earlyProfiles, firstArm, lastArm, lookArm, SPOILS } from './early.js'
import { earlyClaims, reached } from './early-claims.js'

/** Deficits in points after clean training, and what is seen at a percent of training. */
interface Truth {
  deficit(what: string, window: string): number
  overlap(at: number): number
  low(at: number): number
  high(at: number, seed: number): number
}

/** Rises from `from` to `to`, half of it by `half` percent of training. */
const rise = (from: number, to: number, half: number) => (at: number) =>
  from + (to - from) * (at <= half ? (0.5 * at) / half : 0.5 + (0.5 * (at - half)) / (100 - half))

const paperTruth: Truth = {
  deficit: (_, window) => (window === 'last 50%' ? 0.2 : window === 'first 50%' ? 6 : 2),
  overlap: rise(0.3, 1, 10),
  low: rise(0.1, 0.6, 2.5),
  high: rise(0.1, 0.3, 10),
}

/** Rows of the seeds with a little spread (synthetic). */
function results(truth: Truth, seeds = 3): Results {
  const rows: Row[] = []
  const { first, last, looks } = earlyProfiles.small
  for (let seed = 1; seed <= seeds; seed++) {
    const add = (arm: string, level: number, metrics: Record<string, number>) => {
      const letters = [...arm].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
      const spread = 0.0002 * Math.sin(seed * 7 + level + seed * letters)
      const spreaded = Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value + spread]))
      rows.push({ arm, level, density: 1, seed, metrics: spreaded, stageId: `${arm}/${seed}` })
    }
    for (const what of SPOILS) {
      add(`${what} ${firstArm(0)}`, 0, { testAccuracyAtEnd: 0.8 })
      for (const [i, window] of [...first.map(firstArm), lastArm(last)].entries()) {
        add(`${what} ${window}`, i + 1, { testAccuracyAtEnd: 0.8 - truth.deficit(what, window) / 100 })
      }
    }
    for (const [i, at] of [...looks, 100].entries()) {
      const seen = { lowPassAccuracy: truth.low(at), highPassAccuracy: truth.high(at, seed), accuracy: truth.low(at) }
      add(lookArm(at), i, { ...seen, maskOverlap: truth.overlap(at), 'maskOverlap/fc.kernel': truth.overlap(at) })
    }
  }
  const dataset = { name: 'made-up', note: 'synthetic' }
  return { paper: 'early-learning', title: 'synthetic', profile: 'small', dataset, rows }
}

const check = (id: string, of: Results) => earlyClaims.find((claim) => claim.id === id)!.check(of)
const changed = (change: Partial<Truth>) => results({ ...paperTruth, ...change })
const IDS = ['EARLY-1', 'EARLY-2']

describe('claims on early learning', () => {
  it('are judged by the experiment on it', () => {
    expect(earlyClaims.map(({ id, experiment }) => [id, experiment])).toEqual(IDS.map((id) => [id, 'early-learning']))
  })

  it.each(IDS)('%s is supported where it is right', (id) => {
    expect(check(id, results(paperTruth)).verdict).toBe('supported')
  })

  const deficit = (wrong: string, early: number, late: number): Partial<Truth> => ({
    deficit: (what, window) =>
      what === wrong ? (window === 'last 50%' ? late : early) : paperTruth.deficit(what, window),
  })
  const cases: [string, string, Partial<Truth>][] = [
    ['EARLY-1', 'blur in the first half is recovered from', deficit('blur', 0.5, 0.2)],
    ['EARLY-1', 'random labels in the first half are', deficit('labels', 0.5, 0.2)],
    ['EARLY-1', 'blur in the last half leaves a deficit too', deficit('blur', 6, 2)],
    ['EARLY-1', 'blur in the last half hurts more', deficit('blur', 3, 8)],
    ['EARLY-1', 'random labels in the last half hurt more', deficit('labels', 3, 8)],
    ['EARLY-2', 'masks settle late', { overlap: rise(0.3, 1, 60) }],
    ['EARLY-2', 'details come first', { low: rise(0.1, 0.6, 10), high: rise(0.1, 0.3, 1) }],
    // Half of its own gain the first has sooner; but what it has then, the second has had before.
    ['EARLY-2', 'details come first, and far', { low: rise(0.1, 0.2, 6), high: rise(0.1, 0.6, 10) }],
  ]
  it.each(cases)('%s is contradicted where the rest is right, but %s', (id, _, change) => {
    expect(check(id, changed(change)).verdict).toBe('contradicted')
  })

  it('EARLY-2 compares nothing with details, or shapes, that are never seen', () => {
    expect(check('EARLY-2', changed({ high: () => 0.1 })).verdict).toBe('inconclusive')
    expect(check('EARLY-2', changed({ low: () => 0.1 })).verdict).toBe('inconclusive')
    // Leaving out the one seed that never sees details would flatter them.
    const unseen = { high: (at: number, seed: number) => (seed === 2 ? 0.1 : paperTruth.high(at, seed)) }
    expect(check('EARLY-2', changed(unseen)).verdict).toBe('inconclusive')
  })

  it('give the effects that were put in', () => {
    expect(check('EARLY-1', results(paperTruth)).effect).toBeCloseTo(5.8, 1)
    // At 25% the overlap is half of the way and a sixth of the other half.
    expect(check('EARLY-2', results(paperTruth)).effect).toBeCloseTo((50 * 15) / 90, 0)
    expect(check('EARLY-2', results(paperTruth)).detail).toMatch(
      /Of blurred test images 20\.0% are right at 1\.0.*% of training, of their details as many at 10\.06.*, 9\.06/,
    )
  })

  it('are drawn as deficits against windows, and looks against training', () => {
    const names = plotsOf(results(paperTruth)).map(({ name }) => name)
    expect(names).toEqual(['mask-overlap', 'mask-overlap-by-layer', 'shapes', 'details', 'deficit'])
  })

  it.each(IDS)('%s decides nothing from one seed, or from an incomplete grid', (id) => {
    expect(check(id, results(paperTruth, 1)).verdict).toBe('inconclusive')
    const { rows, ...rest } = results(paperTruth)
    for (const pattern of [/ 0%/, /50%|100%/, /./]) {
      const left = { ...rest, rows: rows.filter(({ arm }) => !pattern.test(arm)) }
      expect(check(id, left)).toMatchObject({ verdict: 'inconclusive', effect: null })
    }
  })
})

describe('an accuracy', () => {
  it('is reached between two points by the line through them, the first time; at the end where it never is', () => {
    expect(reached([0, 10, 100], [0.1, 0.2, 0.5], 0.3)).toBeCloseTo(10 + (0.1 / 0.3) * 90, 12)
    expect(reached([0, 10, 100], [0.1, 0.5, 0.3], 0.2)).toBeCloseTo(2.5, 12)
    expect(reached([0, 10, 100], [0.1, 0.2, 0.3], 0.1)).toBe(0)
    expect(reached([0, 10, 100], [0.1, 0.2, 0.3], 0.4)).toBe(100)
  })
})
