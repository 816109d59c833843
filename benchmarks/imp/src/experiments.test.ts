/** The grids: the paper's densities, the runs that issue and paper ask for, and ids that stand still. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { densityAt, lenet, profiles } from './experiments.js'

describe('levels', () => {
  it("have the densities of the paper's figures (claims.md 1.a)", () => {
    const figures =
      '100.00 80.04 64.06 51.28 41.05 32.87 26.32 21.07 16.88 13.52 10.83 8.68 6.95 5.57 4.47 3.58 2.87 2.31 1.85 1.49 1.19'
    const ours = Array.from({ length: 21 }, (_, round) => (100 * densityAt(round)).toFixed(2))
    expect(ours.join(' ')).toBe(figures)
  })

  it.each(['smoke', 'small', 'paper'] as const)('of %s include those that the claims name', (name) => {
    const { rounds, randomRounds, noiseRounds } = profiles[name]
    expect(rounds).toEqual(expect.arrayContaining([3, 7, 9, 15]))
    for (const round of [...randomRounds, ...noiseRounds]) expect(rounds).toContain(round)
    for (const round of randomRounds) expect(densityAt(round)).toBeLessThan(0.2)
  })
})

describe('the paper profile', () => {
  it('is the setting of the paper: MNIST, 50,000 iterations, batches of 60, Adam 1.2e-3, 5 seeds, 21 levels', async () => {
    expect(profiles.paper).toMatchObject({
      dataset: { name: 'mnist' },
      validation: 5000,
      seeds: 5,
      recipe: {
        optimizer: { name: 'adam' },
        learningRate: 1.2e-3,
        batchSize: 60,
        iterations: 50_000,
        evaluateEvery: 100,
      },
    })
    const cells = await lenet.plan(profiles.paper)
    const runs = (arm: string) => cells.filter((cell) => cell.arm === arm).length
    expect([runs('dense'), runs('ticket'), runs('reinit'), runs('one-shot'), runs('random')]).toEqual([
      5, 100, 100, 100, 65,
    ])
    expect([runs('noise 0.5 sigma'), runs('noise 3 sigma')]).toEqual([15, 15])
  })
})

describe('stages', () => {
  const one = { ...profiles.smoke, seeds: 1 }

  it('are shared: one-shot and iterative tickets start from the same dense network', async () => {
    const cells = await lenet.plan(one)
    const dense = cells.find(({ arm }) => arm === 'dense')!
    const masks = cells.filter(({ arm }) => arm === 'one-shot').map(({ stage }) => stage.inputs.mask!)
    for (const mask of masks) expect(mask.inputs.trained!.id).toBe(dense.stage.id)
    const first = cells.find(({ arm }) => arm === 'ticket')!
    expect(first.stage.id).toBe(cells.find(({ arm }) => arm === 'one-shot')!.stage.id)
  })

  it('form the chain of Strategy 1: each mask is pruned from the ticket before, within its mask', async () => {
    const tickets = (await lenet.plan(one)).filter(({ arm }) => arm === 'ticket')
    for (const [i, { stage }] of tickets.entries()) {
      if (i === 0) continue
      const mask = stage.inputs.mask!
      expect(mask.inputs.trained!.id).toBe(tickets[i - 1]!.stage.id)
      expect(mask.inputs.mask!.id).toBe(tickets[i - 1]!.stage.inputs.mask!.id)
      expect(stage.config.start).toEqual({ from: 'init' })
    }
  })

  // Committed evidence is filed under these ids. If one changes, so did the meaning of a run: its numbers must be made
  // again, or the change must be taken back.
  it.each([
    ['smoke', '210d4e728d8268a9'],
    ['small', '9bfa2932e61a6653'],
    ['paper', '1cc5bee0d5c2975c'],
  ] as const)('of %s have the ids of the committed evidence', async (profile, pinned) => {
    const cells = await lenet.plan({ ...profiles[profile], seeds: 1 })
    const ids = cells.map(({ stage }) => stage.id).join('\n')
    expect(createHash('sha256').update(ids).digest('hex').slice(0, 16)).toBe(pinned)
  })

  it('keep their ids from plan to plan, and change them with a setting', async () => {
    const ids = async (settings: typeof one) => (await lenet.plan(settings)).map(({ stage }) => stage.id)
    expect(await ids(one)).toEqual(await ids(one))
    const slower = { ...one, recipe: { ...one.recipe, learningRate: 1.3e-3 } }
    const [before, after] = [await ids(one), await ids(slower)]
    expect(after.filter((id) => before.includes(id))).toEqual([])
    expect(new Set((await lenet.plan({ ...one, seeds: 2 })).map(({ stage }) => stage.id)).size).toBe(
      2 * new Set(before).size,
    )
  })
})
