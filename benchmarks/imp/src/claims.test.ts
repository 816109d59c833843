/** The claims on made-up rows whose truth is known: verdicts follow the effects that were put in. */
import type { Results, Row } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { claims } from './claims.js'
import { densityAt, NOISE, profiles } from './experiments.js'

/** Accuracy (fraction) and early-stop iteration of an arm at a density. */
type Truth = (arm: string, density: number, seed: number) => { accuracy: number; stop: number; train?: number }

/** What the paper reports, roughly. */
const paperTruth: Truth = (arm, density, seed) => {
  const sparse = Math.max(0, 0.05 - density)
  const ticket = {
    accuracy: 0.98 + (density < 1 ? 0.004 : 0) - sparse * 0.2,
    stop: 5000 * (density < 0.06 ? 1.2 : density < 1 ? 0.6 : 1),
  }
  if (arm === 'reinit') return { accuracy: 0.975 - 0.02 * (1 - density), stop: 2 * ticket.stop }
  if (arm === 'random') return { accuracy: 0.974 - 0.03 * (1 - density), stop: 2 * ticket.stop }
  if (arm === 'one-shot') return { ...ticket, accuracy: density < (seed % 2 ? 0.09 : 0.115) ? 0.97 : ticket.accuracy }
  if (arm === 'noise 3 sigma') return { ...ticket, accuracy: ticket.accuracy - 0.003 }
  return ticket
}

/** Rows of five seeds with a little spread (synthetic). */
function results(truth: Truth, profile: 'small' | 'paper' = 'paper'): Results {
  const { rounds, randomRounds, noiseRounds } = profiles[profile]
  const rows: Row[] = []
  for (let seed = 1; seed <= 5; seed++) {
    const add = (arm: string, level: number) => {
      const density = densityAt(level)
      const { accuracy, stop, train = 0.9999 } = truth(arm, density, seed)
      const spread =
        1e-4 * Math.sin(seed * 7 + level + [...arm].reduce((sum, letter) => sum + seed * letter.charCodeAt(0), 0))
      const metrics = {
        testAccuracyAtEarlyStop: accuracy + spread,
        testAccuracyAtEnd: accuracy + spread,
        trainAccuracyAtEnd: train + spread / 10,
        earlyStopIteration: stop * (1 + 10 * spread),
      }
      rows.push({ arm, level, density, seed, metrics, stageId: `${arm}/${level}/${seed}` })
    }
    add('dense', 0)
    for (const round of rounds) for (const arm of ['ticket', 'reinit', 'one-shot']) add(arm, round)
    for (const round of randomRounds) add('random', round)
    for (const round of noiseRounds) for (const scale of NOISE) add(`noise ${scale} sigma`, round)
  }
  return { paper: 'imp', title: 'synthetic', profile, dataset: { name: 'made-up', note: 'synthetic' }, rows }
}

const verdict = (id: string, of: Results) => claims.find((claim) => claim.id === id)!.check(of).verdict
const IDS = ['LTH-1', 'LTH-2', 'LTH-3', 'LTH-4', 'LTH-5', 'LTH-6', 'LTH-14', 'LTH-15']

describe('claims', () => {
  it('are the ones that the issue names', () => {
    expect(claims.map(({ id }) => id)).toEqual(IDS)
  })

  it.each(IDS)('%s is supported where the paper is right', (id) => {
    expect(verdict(id, results(paperTruth))).toBe('supported')
    expect(verdict(id, results(paperTruth, 'small'))).toBe('supported')
  })

  const with_ = (
    change: (arm: string, density: number, was: ReturnType<Truth>) => Partial<ReturnType<Truth>>,
  ): Results =>
    results((arm, density, seed) => {
      const was = paperTruth(arm, density, seed)
      return { ...was, ...change(arm, density, was) }
    })
  const contradictions: [string, string, Results][] = [
    [
      'LTH-1',
      'tickets learn slower',
      with_((arm, density, { stop }) => (arm === 'ticket' && density > 0.2 ? { stop: 3 * stop } : {})),
    ],
    ['LTH-2', 'tickets lose accuracy', with_((arm) => (arm === 'ticket' ? { accuracy: 0.97 } : {}))],
    [
      'LTH-3',
      'reinit is as good',
      with_((arm, density) => (arm === 'reinit' ? { ...paperTruth('ticket', density, 1), accuracy: 0.985 } : {})),
    ],
    [
      'LTH-4',
      'sparser is ever faster',
      with_((arm, density, { stop }) => (arm === 'ticket' ? { stop: stop * density } : {})),
    ],
    [
      'LTH-5',
      'tickets do not fit the training data',
      with_((arm, density) => (arm === 'ticket' && density < 0.3 ? { train: 0.97 } : {})),
    ],
    [
      'LTH-6',
      'one-shot goes further',
      with_((arm, density) => (arm === 'ticket' && density < 0.3 ? { accuracy: 0.96 } : {})),
    ],
    ['LTH-14', 'random masks are better than reinit', with_((arm) => (arm === 'random' ? { accuracy: 0.979 } : {}))],
    ['LTH-15', 'a little noise hurts', with_((arm) => (arm === 'noise 0.5 sigma' ? { accuracy: 0.97 } : {}))],
  ]
  const second: [string, string, Results][] = [
    [
      'LTH-2',
      'tickets with 3.6% fall behind',
      with_((arm, density) => (arm === 'ticket' && density < 0.04 ? { accuracy: 0.97 } : {})),
    ],
    ['LTH-3', 'reinit is as fast', with_((arm, _, { stop }) => (arm === 'reinit' ? { stop: stop / 2.2 } : {}))],
    [
      'LTH-4',
      'sparse tickets are the fastest',
      with_((arm, density) => (arm === 'ticket' && density < 0.06 ? { stop: 1000 } : {})),
    ],
    ['LTH-5', 'tickets do not generalise', with_((arm) => (arm === 'ticket' ? { accuracy: 0.97 } : {}))],
    ['LTH-6', 'one-shot finds no tickets', with_((arm) => (arm === 'one-shot' ? { accuracy: 0.5 } : {}))],
    [
      'LTH-14',
      'random masks are better by less than the tolerance',
      with_((arm, density) => (arm === 'random' ? { accuracy: 0.9755 - 0.02 * (1 - density) } : {})),
    ],
    ['LTH-15', 'much noise undoes the ticket', with_((arm) => (arm === 'noise 3 sigma' ? { accuracy: 0.9 } : {}))],
  ]
  it.each(second)('%s is contradicted where the rest is right, but %s', (id, _, rows) => {
    expect(verdict(id, rows)).toBe('contradicted')
  })

  it.each(contradictions)('%s is contradicted where %s', (id, _, rows) => {
    expect(verdict(id, rows)).toBe('contradicted')
  })

  it.each(IDS)('%s decides nothing from one seed, or from an incomplete grid', (id) => {
    const { rows, ...rest } = results(paperTruth)
    expect(verdict(id, { ...rest, rows: rows.filter(({ seed }) => seed === 1) })).toBe('inconclusive')
    const { verdict: missing, effect } = claims
      .find((claim) => claim.id === id)!
      .check({
        ...rest,
        rows: rows.filter(({ arm }) => arm === 'dense'),
      })
    expect([missing, effect]).toEqual(['inconclusive', null])
  })

  it('give the effect that was put in, with its interval and the smallest that could be seen', () => {
    const { effect, low, high, seeds, detectable } = claims[0]!.check(results(paperTruth))
    expect(effect).toBeCloseTo(0.6, 2)
    expect(low!).toBeLessThan(effect!)
    expect(high!).toBeGreaterThan(effect!)
    expect(seeds).toBe(5)
    expect(detectable).toBeGreaterThan(0)
  })
})
