/** LTH-7 to LTH-10 on made-up rows whose truth is known: verdicts follow the effects that were put in. */
import type { Results, Row } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { convProfiles } from './conv.js'
import { convClaims } from './conv-claims.js'
import { dropoutProfiles } from './dropout.js'
import { densityOf } from './ladder.js'

interface Run {
  /** Fraction. */
  readonly accuracy: number
  /** Fraction; by default the same. */
  readonly validation?: number
  readonly stop: number
}
type Truth = (network: string, arm: string, density: number) => Run

/** What the paper reports, roughly: tickets are best in the middle. */
const paperTruth: Truth = (_, arm, density) => {
  if (arm === 'reinit') return { accuracy: 0.66, stop: 6000 }
  const middle = density < 0.5 && density > 0.04
  return density === 1 ? { accuracy: 0.67, stop: 5000 } : { accuracy: middle ? 0.7 : 0.68, stop: middle ? 1800 : 4000 }
}

/** Rows of five seeds with a little spread (synthetic). */
function results(truth: Truth, profile: 'small' | 'paper' = 'paper', seeds = 5): Results {
  const rows: Row[] = []
  for (const network of convProfiles[profile].networks) {
    const densities = new Map([0, ...network.rounds].map((level) => [level, densityOf(network, level)]))
    for (let seed = 1; seed <= seeds; seed++) {
      const add = (arm: string, level: number) => {
        const density = densities.get(level)!
        const { accuracy, stop, validation = accuracy } = truth(network.name, arm, density)
        const letters = [...arm].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
        const spread = 1e-4 * Math.sin(seed * 7 + level + seed * letters)
        rows.push({
          arm: `${network.name} ${arm}`,
          level,
          density,
          seed,
          metrics: {
            testAccuracyAtEarlyStop: accuracy + spread,
            validationAccuracyAtEarlyStop: validation + 0.1 * spread,
            earlyStopIteration: stop * (1 + 10 * spread),
          },
          stageId: `${network.name}/${arm}/${level}/${seed}`,
        })
      }
      add('dense', 0)
      for (const round of network.rounds) add('ticket', round)
      for (const round of network.reinitRounds) add('reinit', round)
    }
  }
  return { paper: 'imp-conv', title: 'synthetic', profile, dataset: { name: 'made-up', note: 'synthetic' }, rows }
}

const check = (id: string, of: Results) => convClaims.find((claim) => claim.id === id)!.check(of)
const IDS = ['LTH-7', 'LTH-8', 'LTH-9']

describe('claims on convolutional networks', () => {
  it('are judged by the experiment on them', () => {
    expect(convClaims.map(({ id, experiment }) => [id, experiment])).toEqual([
      ...IDS.map((id) => [id, 'imp-conv']),
      ['LTH-10', 'imp-dropout'],
    ])
  })

  it('LTH-8 takes the level that is best on validation examples', () => {
    // The sparsest level is the best on test examples by far.
    const truth: Truth = (network, arm, density) => {
      const run = paperTruth(network, arm, density)
      return density < 0.05 ? { ...run, accuracy: 0.8, validation: 0.5 } : run
    }
    expect(check('LTH-8', results(truth, 'small')).effect).toBeCloseTo(3, 1)
  })

  it.each(IDS)('%s is supported where the paper is right', (id) => {
    expect(check(id, results(paperTruth)).verdict).toBe('supported')
    expect(check(id, results(paperTruth, 'small')).verdict).toBe('supported')
  })

  const withTickets = (change: Partial<Run>, network?: string, profile: 'small' | 'paper' = 'paper') =>
    results((name, arm, density) => {
      const was = paperTruth(name, arm, density)
      const changed = arm === 'ticket' && (network === undefined || network === name)
      return changed ? { ...was, ...change } : was
    }, profile)

  it.each([
    ['LTH-7', 'tickets are slower', { stop: 7000 }],
    ['LTH-8', 'tickets are worse', { accuracy: 0.6 }],
    ['LTH-9', 'tickets are no better than reinitialised ones', { accuracy: 0.65 }],
  ] as const)('%s is contradicted where %s, be it in one network only', (id, _, change) => {
    expect(check(id, withTickets(change)).verdict).toBe('contradicted')
    for (const network of ['conv-2', 'conv-4', 'conv-6']) {
      expect(check(id, withTickets(change, network)).verdict).toBe('contradicted')
    }
    expect(check(id, withTickets(change, 'conv-4', 'small')).verdict).toBe('contradicted')
  })

  it('ask for the paper’s sizes in its setting only: twice as fast, 1.5 points', () => {
    expect(check('LTH-7', withTickets({ stop: 4000 })).verdict).toBe('contradicted')
    expect(check('LTH-7', withTickets({ stop: 4000 }, undefined, 'small')).verdict).toBe('supported')
    expect(check('LTH-8', withTickets({ accuracy: 0.68 })).verdict).toBe('contradicted')
    expect(check('LTH-8', withTickets({ accuracy: 0.68 }, undefined, 'small')).verdict).toBe('supported')
  })

  it('LTH-9 looks at 20% and less', () => {
    const late = results((name, arm, density) =>
      arm === 'reinit' && density > 0.2 ? { accuracy: 0.9, stop: 1 } : paperTruth(name, arm, density),
    )
    expect(check('LTH-9', late).verdict).toBe('supported')
  })

  it('give the effect that was put in, with its interval and the smallest that could be seen', () => {
    const [faster, better, over] = IDS.map((id) => check(id, results(paperTruth)))
    expect(faster!.effect).toBeCloseTo(5000 / 1800, 1)
    expect(better!.effect).toBeCloseTo(3, 1)
    // The sparsest tickets are 2 points better than reinit, the others 4.
    expect(over!.effect).toBeGreaterThan(2)
    expect(over!.effect).toBeLessThan(4)
    for (const { effect, low, high, seeds, detectable } of [faster!, better!, over!]) {
      expect(low!).toBeLessThan(effect!)
      expect(high!).toBeGreaterThan(effect!)
      expect(seeds).toBe(5)
      expect(detectable).toBeGreaterThan(0)
    }
    expect(better!.detail).toMatch(/^conv-2: .* conv-4: .* conv-6: /)
  })

  it.each(IDS)('%s decides nothing from one seed, or from an incomplete grid', (id) => {
    expect(check(id, results(paperTruth, 'small', 1)).verdict).toBe('inconclusive')
    const { rows, ...rest } = results(paperTruth)
    const missing = { ...rest, rows: rows.filter(({ arm }) => !/conv-4 (ticket|reinit)/.test(arm)) }
    expect(check(id, missing)).toMatchObject({ verdict: 'inconclusive', effect: null })
  })
})

/** Accuracies in percent (synthetic), of five seeds with a little spread. */
interface Accuracies {
  readonly dense: number
  readonly ticket: number
  readonly dropout: number
  readonly both: number
}
function dropoutResults({ dense, ticket, dropout, both }: Accuracies, network?: string, seeds = 5): Results {
  const rows = dropoutProfiles.paper.networks.flatMap(({ plain }) =>
    Array.from({ length: seeds }, (_, i) => i + 1).flatMap((seed) => {
      const changed = network === undefined || network === plain.name
      const row = (arm: string, level: number, truth: number): Row => {
        const spread = 0.02 * Math.sin(seed * 7 + level * 3 + seed * arm.length)
        const accuracy = (truth + spread) / 100
        const metrics = { testAccuracyAtEarlyStop: accuracy, validationAccuracyAtEarlyStop: accuracy }
        return {
          arm: `${plain.name} ${arm}`,
          level,
          density: 0.8 ** level,
          seed,
          metrics,
          stageId: `${arm}${level}${seed}`,
        }
      }
      return [
        row('dense', 0, dense),
        row('dropout dense', 0, changed ? dropout : 70),
        // Only one level is good.
        ...[3, 6, 9].map((level) => row('ticket', level, level === 6 ? ticket : 50)),
        ...[3, 6, 9].map((level) => row('dropout ticket', level, level === 9 ? (changed ? both : 73) : 50)),
      ]
    }),
  )
  return {
    paper: 'imp-dropout',
    title: 'synthetic',
    profile: 'paper',
    dataset: { name: 'made-up', note: 'synthetic' },
    rows,
  }
}

describe('LTH-10', () => {
  const right = { dense: 67, ticket: 70, dropout: 70, both: 73 }

  it('is supported where the paper is right, with the effect that was put in', () => {
    const finding = check('LTH-10', dropoutResults(right))
    expect(finding).toMatchObject({ verdict: 'supported', seeds: 5 })
    expect(finding.effect).toBeCloseTo(3, 1)
    expect(finding.low!).toBeLessThan(finding.effect!)
  })

  it.each([
    ['pruning adds nothing to dropout', { ...right, dropout: 74 }],
    ['dropout adds nothing to the ticket', { ...right, ticket: 74 }],
  ])('is contradicted where %s', (_, truth) => {
    expect(check('LTH-10', dropoutResults(truth)).verdict).toBe('contradicted')
  })

  it('is contradicted by one network', () => {
    expect(check('LTH-10', dropoutResults({ ...right, both: 65 }, 'conv-4')).verdict).toBe('contradicted')
  })

  it('decides nothing from one seed, or without an arm', () => {
    expect(check('LTH-10', dropoutResults(right, undefined, 1)).verdict).toBe('inconclusive')
    const { rows, ...rest } = dropoutResults(right)
    for (const arm of ['ticket', 'dropout dense', 'dropout ticket']) {
      const missing = { ...rest, rows: rows.filter((row) => row.arm !== `conv-4 ${arm}`) }
      expect(check('LTH-10', missing)).toMatchObject({ verdict: 'inconclusive', effect: null })
    }
  })
})
