/** SF-1 to SF-4 and SF-9 on made-up rows whose truth is known: verdicts follow the effects that were put in. */
import type { Results, Row } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { claims } from './claims.js'

const SEEDS = [1, 2, 3]
/** N and L of the made-up networks: rho_max is 1000. */
const [N, L] = [10_000, 10]
const NETWORKS = ['vgg-16', 'resnet-18']

type Metrics = Readonly<Record<string, number>>
const resultsOf = (rows: readonly Row[]): Results => ({
  paper: 'synflow',
  title: 'synthetic',
  profile: 'small',
  dataset: { name: 'made-up', note: 'synthetic' },
  rows,
})
const row = (arm: string, level: number, density: number, seed: number, metrics: Metrics): Row => ({
  arm,
  level,
  density,
  seed,
  metrics: { prunable: N, layers: L, ...metrics },
  stageId: `${arm}/${level}/${seed}`,
})
const check = (id: string, rows: readonly Row[]) => claims.find((claim) => claim.id === id)!.check(resultsOf(rows))

interface Sweep {
  /** Largest compression without an empty layer, of methods that score once. */
  critical(arm: string, seed: number): number
  /** SynFlow's empty layers, and whether a path is left, at a fraction of rho_max. */
  synflow(fraction: number, seed: number): Left
  /** The same in smaller steps, at 0.9 rho_max. */
  fine(seed: number): Left
}
type Left = Readonly<Record<'collapsed' | 'connected', number>>
const paper: Sweep = {
  critical: (arm, seed) => (arm === 'random' ? 20 : 30) + seed,
  synflow: () => ({ collapsed: 0, connected: 1 }),
  fine: () => ({ collapsed: 0, connected: 1 }),
}

function sweepRows({ critical, synflow, fine }: Sweep, seeds = [1, 2, 3, 4, 5, 6]): Row[] {
  return NETWORKS.flatMap((network) =>
    seeds.flatMap((seed) => [
      ...['random', 'magnitude', 'snip', 'grasp'].flatMap((arm) => [
        row(`${network} ${arm}`, 0, 1, seed, { criticalCompression: critical(arm, seed) }),
        ...[10, 100, 1000].map((rho, i) => {
          const whole = rho <= critical(arm, seed)
          return row(`${network} ${arm}`, i + 1, 1 / rho, seed, { collapsed: whole ? 0 : 3, connected: whole ? 1 : 0 })
        }),
      ]),
      ...[0.1, 0.5, 0.9].map((fraction, i) =>
        row(`${network} synflow`, 101 + i, 1 / (1000 * fraction), seed, synflow(fraction, seed)),
      ),
      row(`${network} synflow-fine`, 101, 1 / 900, seed, fine(seed)),
    ]),
  )
}

describe('critical compression', () => {
  it('is supported where SynFlow is whole at 0.9 rho_max in six seeds and others collapse early', () => {
    for (const id of ['SF-1', 'SF-1b', 'SF-1c']) {
      expect(check(id, sweepRows(paper))).toMatchObject({ verdict: 'supported', effect: 0.9, seeds: 6 })
    }
    // Three seeds that agree exactly decide nothing.
    expect(check('SF-1', sweepRows(paper, SEEDS)).verdict).toBe('inconclusive')
  })

  it('falls where SynFlow empties layers at 0.9 rho_max; its critical compression is the largest tried without', () => {
    const emptied: Sweep = {
      ...paper,
      synflow: (fraction, seed) => ({ collapsed: fraction === 0.9 ? 4 + seed : 0, connected: 1 }),
    }
    const found = check('SF-1', sweepRows(emptied, SEEDS))
    expect(found).toMatchObject({ verdict: 'contradicted', effect: 0.5 })
    expect(found.detail).toContain('0 of 3 seeds are whole at 0.9 rho_max, where 6.0 layers are empty in the mean')
    // The weaker criterion holds all the same.
    expect(check('SF-1b', sweepRows({ ...emptied }, [1, 2, 3, 4, 5, 6])).verdict).toBe('supported')
  })

  it('by paths falls where the network is cut', () => {
    const cut: Sweep = { ...paper, synflow: (fraction) => ({ collapsed: 0, connected: fraction === 0.9 ? 0 : 1 }) }
    expect(check('SF-1b', sweepRows(cut))).toMatchObject({ verdict: 'contradicted', effect: 0.5 })
  })

  it('in smaller steps is judged by its own rows', () => {
    const cut: Sweep = { ...paper, synflow: () => ({ collapsed: 3, connected: 0 }) }
    expect(check('SF-1c', sweepRows(cut)).verdict).toBe('supported')
    const beside: Sweep = { ...paper, fine: () => ({ collapsed: 2, connected: 1 }) }
    const found = check('SF-1c', sweepRows(beside))
    expect(found).toMatchObject({ verdict: 'supported', effect: 0.9 })
    expect(found.detail).toContain('6 of 6 seeds are whole at 0.9 rho_max, where 2.0 layers are empty in the mean')
    const still: Sweep = { ...paper, fine: (seed) => ({ collapsed: 0, connected: seed % 6 === 0 ? 1 : 0 }) }
    expect(check('SF-1c', sweepRows(still)).verdict).toBe('contradicted')
    expect(check('SF-1b', sweepRows(still)).verdict).toBe('supported')
  })

  it('falls where another method comes within a factor of ten', () => {
    const near: Sweep = { ...paper, critical: (arm, seed) => (arm === 'grasp' ? 300 + seed : 30 + seed) }
    expect(check('SF-1', sweepRows(near)).verdict).toBe('contradicted')
  })

  it('a collapse at a small compression counts, whatever happens above it', () => {
    const dip: Sweep = { ...paper, synflow: (fraction) => ({ collapsed: fraction === 0.1 ? 1 : 0, connected: 1 }) }
    expect(check('SF-1', sweepRows(dip)).effect).toBeCloseTo(0.001, 12)
  })

  it('needs every arm, and the level of 0.9 rho_max', () => {
    expect(
      check(
        'SF-1',
        sweepRows(paper).filter(({ arm }) => arm !== 'vgg-16 snip'),
      ).verdict,
    ).toBe('inconclusive')
    const low = sweepRows(paper).filter(({ level }) => level !== 103)
    expect(check('SF-1', low).detail).toContain('run the whole grid')
  })
})

describe('conservation', () => {
  const rows = (errors: Metrics) =>
    SEEDS.map((seed) =>
      row(
        'vgg-16 dense',
        0,
        1,
        seed,
        Object.fromEntries(
          ['synflow', 'snip', 'grasp-type', 'grasp'].flatMap((name) =>
            ['layers', 'neurons'].map((what) => [
              `${what}/${name}`,
              (errors[`${what}/${name}`] ?? 1e-13) * (1 + seed / 10),
            ]),
          ),
        ),
      ),
    )
  it('is supported where all three are exact, whatever the score of GraSP itself does', () => {
    const found = check('SF-2', rows({ 'layers/grasp': 0.3 }))
    expect(found.verdict).toBe('supported')
    expect(found.detail).toContain('grasp -0.4')
  })
  it.each([
    'layers/synflow',
    'neurons/synflow',
    'layers/snip',
    'neurons/snip',
    'layers/grasp-type',
    'neurons/grasp-type',
  ])('falls with %s', (metric) => expect(check('SF-2', rows({ [metric]: 1e-4 })).verdict).toBe('contradicted'))
})

describe('the number of iterations', () => {
  /** Critical compressions of one-shot SynFlow, exact, and of others by the fractions at which they are whole. */
  const rows = (once: number, whole: Readonly<Record<number, readonly number[]>>, jitter = 0) =>
    SEEDS.flatMap((seed) => [
      row('vgg-16 n=1', 0, 1, seed, { criticalCompression: once + seed }),
      ...Object.entries(whole).flatMap(([n, fractions]) =>
        [0.01, 0.1, 0.9].map((fraction, i) =>
          row(`vgg-16 n=${n}`, 101 + i, 1 / (1000 * fraction), seed, {
            collapsed: fractions.includes(fraction) && !(jitter === seed && fraction === 0.9) ? 0 : 1,
          }),
        ),
      ),
    ])
  it('is supported where each step raises it', () => {
    const found = check('SF-3', rows(5, { 10: [0.01], 100: [0.01, 0.1, 0.9] }))
    expect(found.verdict).toBe('supported')
    expect(found.effect).toBeCloseTo(900 / (6 * 7 * 8) ** (1 / 3), 6)
    expect(found.detail).toContain('n=10 1.00, n=100 2.95')
  })
  it('falls where one-shot collapses later, or where more iterations collapse sooner', () => {
    expect(check('SF-3', rows(950, { 10: [0.01, 0.1, 0.9], 100: [0.01, 0.1, 0.9] })).verdict).toBe('contradicted')
    const sooner = rows(5, { 10: [0.01, 0.1, 0.9], 100: [0.01] }, 1)
    expect(check('SF-3', sooner).verdict).not.toBe('supported')
  })
})

describe('size and score', () => {
  const rows = (scoreOf: (arm: string, size: number, seed: number) => number, seeds = SEEDS) =>
    seeds.flatMap((seed) =>
      NETWORKS.flatMap((network) =>
        ['snip', 'grasp', 'synflow-once', 'magnitude'].map((arm) =>
          row(
            `${network} ${arm}`,
            0,
            1,
            seed,
            Object.fromEntries(
              Array.from({ length: 20 }, (_, i): [string, number][] => [
                [`size/l${i}`, 100 + i],
                [`score/l${i}`, scoreOf(arm, 100 + i, seed)],
              ]).flat(),
            ),
          ),
        ),
      ),
    )
  // Two neighbours are exchanged in some seeds, so that they do not agree exactly.
  const inverse = (size: number, seed: number) => 1 / (size === 101 + seed ? size + 1.5 : size)
  it('is supported where the largest layers have the smallest scores', () => {
    const found = check(
      'SF-4',
      rows((_, size, seed) => inverse(size, seed), [1, 2, 3, 4, 5, 6]),
    )
    expect(found.verdict).toBe('supported')
    expect(found.effect).toBeLessThan(-0.99)
  })
  it.each(['snip', 'grasp', 'synflow-once'])('falls with %s', (wrong) => {
    const found = check(
      'SF-4',
      rows((arm, size, seed) => (arm === wrong ? size % (7 + seed) : inverse(size, seed))),
    )
    expect(found.verdict).toBe('contradicted')
  })
})

describe('no data', () => {
  const rows = (synflow: (seed: number) => number, snip: (seed: number) => number, seeds = SEEDS) =>
    seeds.flatMap((seed) => [
      row('vgg-16 synflow-here', 101, 0.01, seed, { mask: 7 + seed }),
      row('vgg-16 synflow-there', 101, 0.01, seed, { mask: synflow(seed) }),
      row('vgg-16 snip-here', 0, 1, seed, { criticalCompression: 5 }),
      row('vgg-16 snip-here', 101, 0.01, seed, { mask: 70 + seed }),
      row('vgg-16 snip-there', 0, 1, seed, { criticalCompression: 5 }),
      row('vgg-16 snip-there', 101, 0.01, seed, { mask: snip(seed) }),
    ])
  it('is supported by identical masks in three seeds, where those of SNIP differ', () => {
    const found = check(
      'SF-9',
      rows(
        (seed) => 7 + seed,
        () => 0,
      ),
    )
    expect(found).toMatchObject({ verdict: 'supported', effect: 1, seeds: 3 })
    expect(found.detail).toBe('3 of 3 masks of SynFlow are identical beside the other data set, and 0 of 3 of SNIP.')
  })
  it('falls with one mask, and shows nothing with two seeds or if SNIP’s masks are identical too', () => {
    expect(
      check(
        'SF-9',
        rows(
          (seed) => (seed === 2 ? 0 : 7 + seed),
          () => 0,
        ),
      ).verdict,
    ).toBe('contradicted')
    expect(
      check(
        'SF-9',
        rows(
          (seed) => 7 + seed,
          () => 0,
          [1, 2],
        ),
      ).verdict,
    ).toBe('inconclusive')
    expect(
      check(
        'SF-9',
        rows(
          (seed) => 7 + seed,
          (seed) => 70 + seed,
        ),
      ).verdict,
    ).toBe('inconclusive')
  })
})
