/** RW-1 to RW-3 on made-up rows whose truth is known: verdicts follow the effects that were put in. */
import type { Results, Row } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { densityOf } from './ladder.js'
import { reinitArm, rewindArm, rewindProfiles } from './rewind.js'
import { rewindClaims } from './rewind-claims.js'

/** Accuracy in percent, by the rewind point in percent of training. */
interface Truth {
  readonly dense: number
  rewound(point: number): number
  reinit(point: number): number
  /** Of rewound tickets on validation examples; by default as on test examples. */
  validation?(point: number): number
}

/** What the paper reports, roughly. */
const paperTruth: Truth = {
  dense: 90,
  rewound: (point) => (point === 0 ? 87 : point < 1 ? 88.5 : point < 3 ? 89.5 : 90),
  reinit: () => 87,
}

/** Rows of five seeds with a little spread (synthetic). */
function results(truth: Truth, profile: 'small' | 'paper' = 'paper', seeds = 5, noise = 0.02): Results {
  const { networks, points } = rewindProfiles[profile]
  const rows: Row[] = []
  for (const network of networks) {
    const densities = new Map([0, ...network.rounds].map((level) => [level, densityOf(network, level)]))
    for (let seed = 1; seed <= seeds; seed++) {
      const add = (arm: string, level: number, accuracy: number, validation = accuracy) => {
        const letters = [...arm].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
        const spread = noise * Math.sin(seed * 7 + level + seed * letters)
        rows.push({
          arm: `${network.name} ${arm}`,
          level,
          density: densities.get(level)!,
          seed,
          metrics: {
            testAccuracyAtEnd: (accuracy + spread) / 100,
            validationAccuracyAtEnd: (validation + 0.1 * spread) / 100,
          },
          stageId: `${network.name}/${arm}/${level}/${seed}`,
        })
      }
      add('dense', 0, truth.dense)
      for (const point of points) {
        // Where little is pruned nothing is to be seen: only the last level decides.
        for (const round of network.rounds.slice(0, -1)) add(rewindArm(point), round, 50)
        add(rewindArm(point), network.rounds.at(-1)!, truth.rewound(point), truth.validation?.(point))
        add(reinitArm(point), network.rounds.at(-1)!, truth.reinit(point))
      }
    }
  }
  return { paper: 'imp-rewind', title: 'synthetic', profile, dataset: { name: 'made-up', note: 'synthetic' }, rows }
}

const check = (id: string, of: Results) => rewindClaims.find((claim) => claim.id === id)!.check(of)
const IDS = ['RW-1', 'RW-2', 'RW-3']

describe('claims on rewinding', () => {
  it('are judged by the experiment on it', () => {
    expect(rewindClaims.map(({ id, experiment }) => [id, experiment])).toEqual(IDS.map((id) => [id, 'imp-rewind']))
  })

  it.each(IDS)('%s is supported where the paper is right', (id) => {
    expect(check(id, results(paperTruth)).verdict).toBe('supported')
    expect(check(id, results(paperTruth, 'small')).verdict).toBe('supported')
  })

  const cases: [string, string, Partial<Truth>][] = [
    ['RW-1', 'resetting to initialisation is better than reinit', { reinit: (point) => (point === 0 ? 85 : 87) }],
    ['RW-1', 'rewinding is no better than reinit', { reinit: (point) => (point === 0 ? 87 : 90.5) }],
    ['RW-2', 'nothing rises', { rewound: (point) => (point === 0 ? 88 : 87.5) }],
    ['RW-2', 'most is gained after 7%', { rewound: (point) => (point === 0 ? 87 : point < 8 ? 88 : 90) }],
    ['RW-3', 'no rewound ticket comes near dense', { dense: 92 }],
    ['RW-3', 'resetting to initialisation is better', { rewound: (point) => (point === 0 ? 91 : 90) }],
  ]
  it.each(cases)('%s is contradicted where the rest is right, but %s', (id, _, change) => {
    for (const profile of ['small', 'paper'] as const) {
      expect(check(id, results({ ...paperTruth, ...change }, profile)).verdict).toBe('contradicted')
    }
  })

  it('RW-1 and RW-2 ask for equality in the paper’s setting only', () => {
    const worse = { ...paperTruth, reinit: (point: number) => (point === 0 ? 89 : 87) }
    expect(check('RW-1', results(worse)).verdict).toBe('contradicted')
    expect(check('RW-1', results(worse, 'small')).verdict).toBe('supported')
    // Most is gained before 7%, and a point after it.
    const rising = { ...paperTruth, rewound: (point: number) => (point === 0 ? 87 : point <= 7 ? 89 : 90) }
    expect(check('RW-2', results(rising)).verdict).toBe('contradicted')
    expect(check('RW-2', results(rising, 'small')).verdict).toBe('supported')
  })

  it('RW-1 asks for a whole point in the paper’s setting only', () => {
    const little = { ...paperTruth, reinit: (point: number) => (point === 0 ? 87 : paperTruth.rewound(point) - 0.5) }
    expect(check('RW-1', results(little)).verdict).toBe('contradicted')
    expect(check('RW-1', results(little, 'small')).verdict).toBe('supported')
  })

  it('RW-1 asks for more over reinit than resetting to initialisation has, RW-2 for more before 7% than after', () => {
    // Within half a point of equal, as rewound tickets are of reinitialised ones.
    const alike = { ...paperTruth, reinit: (point: number) => (point === 0 ? 86.6 : paperTruth.rewound(point) - 0.2) }
    expect(check('RW-1', results(alike, 'small')).verdict).toBe('contradicted')
    const late = { ...paperTruth, rewound: (point: number) => (point === 0 ? 87 : point < 7 ? 87.2 : 87.6) }
    expect(check('RW-2', results(late, 'small')).verdict).toBe('contradicted')
  })

  it('RW-1 and RW-2 need not show below the paper’s setting what few seeds can only refute', () => {
    const noisy = (profile: 'small' | 'paper') => results(paperTruth, profile, 5, 0.6)
    for (const id of ['RW-1', 'RW-2']) {
      expect(check(id, noisy('paper')).verdict).toBe('inconclusive')
      expect(check(id, noisy('small')).verdict).toBe('supported')
    }
  })

  it('RW-3 takes the point that is best on validation examples', () => {
    const misleading = {
      ...paperTruth,
      rewound: (point: number) => (point === 0 ? 87 : point === 10 ? 92 : 89.8),
      validation: (point: number) => (point === 3 ? 91 : 85),
    }
    expect(check('RW-3', results(misleading, 'small')).effect).toBeCloseTo(-0.2, 1)
  })

  it('RW-3 is met by any one rewind point, not by all of them', () => {
    const one = { ...paperTruth, rewound: (point: number) => (point === 3 ? 90 : 87.5 - 0.1 * (point === 0 ? 5 : 0)) }
    expect(check('RW-3', results(one, 'small')).verdict).toBe('supported')
  })

  it('give the effects that were put in', () => {
    const [rw1, rw2, rw3] = IDS.map((id) => check(id, results(paperTruth, 'small')))
    expect(rw1!.effect).toBeCloseTo(0, 1)
    expect(rw1!.detail).toMatch(/rewound 2\.8\d? \[/)
    expect(rw2!.effect).toBeCloseTo(0, 1)
    expect(rw3!.effect).toBeCloseTo(0, 1)
    for (const { low, high, detectable, seeds } of [rw1!, rw2!, rw3!]) {
      expect(low!).toBeLessThan(high!)
      expect([seeds, detectable! > 0]).toEqual([5, true])
    }
    expect(check('RW-1', results(paperTruth)).detail).toMatch(/^resnet-20: .* vgg-19: /)
  })

  it.each(IDS)('%s decides nothing from one seed, or from an incomplete grid', (id) => {
    expect(check(id, results(paperTruth, 'small', 1)).verdict).toBe('inconclusive')
    const { rows, ...rest } = results(paperTruth, 'small')
    const without = (pattern: RegExp) => check(id, { ...rest, rows: rows.filter(({ arm }) => !pattern.test(arm)) })
    for (const pattern of [/dense/, /rewind 0%/, /rewind (1|3|10)%/]) {
      expect(without(pattern)).toMatchObject({ verdict: 'inconclusive', effect: null })
    }
  })
})
