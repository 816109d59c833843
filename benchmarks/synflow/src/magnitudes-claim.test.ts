/** SF-8 on made-up rows whose truth is known: the verdict follows the spreads that were put in. */
import type { Results, Row } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { sf8 } from './magnitudes-claim.js'

interface Truth {
  /** The spread of layer sums so far into training, and of the ticket trained after a round. */
  training(percent: number, seed: number): number
  ticket(round: number, seed: number): number
}
/** Each seed is a little different, so that intervals are not empty. */
const paper: Truth = {
  training: (percent, seed) => 1 - percent / 200 + 0.01 * seed,
  ticket: (round, seed) => 0.5 / (1 + round) + 0.01 * seed,
}

function resultsOf({ training, ticket }: Truth): Results {
  const row = (arm: string, level: number, seed: number, spread: number): Row => ({
    arm: `vgg-11 ${arm}`,
    level,
    density: 0.8 ** level,
    seed,
    metrics: { spread, criticalCompression: 100 / spread },
    stageId: `${arm}/${level}/${seed}`,
  })
  const rows = [1, 2, 3].flatMap((seed) => [
    ...[0, 10, 100].map((percent) => row(`training ${percent}%`, 0, seed, training(percent, seed))),
    ...[0, 2, 4].flatMap((round) => [
      row('ticket', round, seed, round === 0 ? training(100, seed) : ticket(round, seed)),
      row('start', round, seed, 0.77),
    ]),
  ])
  return {
    paper: 'synflow',
    title: 'synthetic',
    profile: 'small',
    dataset: { name: 'made-up', note: 'synthetic' },
    rows,
  }
}

describe('SF-8', () => {
  it('is supported where the spread falls in training and from round to round; the effect is that of both', () => {
    const found = sf8.check(resultsOf(paper))
    expect(found).toMatchObject({ verdict: 'supported', seeds: 3 })
    // Seeds 1, 2, 3: 0.11 of 1.01, 0.12 of 1.02, 0.13 of 1.03.
    expect(found.effect).toBeCloseTo(((0.11 * 0.12 * 0.13) / (1.01 * 1.02 * 1.03)) ** (1 / 3), 9)
    expect(found.detail).toContain('at 0% 1.02, 10% 0.97, 100% 0.52 of training')
    expect(found.detail).toContain('after round 2 0.19, 4 0.12; under the last mask without training 0.77')
    expect(found.detail).toContain('98 at initialisation, 192 after training, 835 after the last round')
  })

  it('falls if training spreads the layers, whatever pruning does', () => {
    const wider: Truth = { ...paper, training: (percent, seed) => 0.3 + percent / 200 + 0.01 * seed }
    expect(sf8.check(resultsOf(wider)).verdict).toBe('contradicted')
  })

  it('falls if rounds do not bring them nearer, whatever training does', () => {
    const wider: Truth = { ...paper, ticket: (round, seed) => 0.6 + 0.1 * round + 0.01 * seed }
    expect(sf8.check(resultsOf(wider)).verdict).toBe('contradicted')
  })

  it('is undecided where seeds disagree', () => {
    const torn: Truth = { ...paper, ticket: (_, seed) => (seed === 2 ? 0.9 : 0.3) }
    expect(sf8.check(resultsOf(torn)).verdict).toBe('inconclusive')
  })

  it('asks for the whole grid where a look or the tickets are missing', () => {
    const { rows, ...rest } = resultsOf(paper)
    for (const missing of ['training 0%', 'training 100%', 'ticket']) {
      const left = rows.filter(({ arm }) => arm !== `vgg-11 ${missing}`)
      expect(sf8.check({ ...rest, rows: left }).detail, missing).toContain('run the whole grid')
    }
  })
})
