/** The grid of deep networks: the paper's rates and warm-ups, ladders of both rankings, and runs shared with rewinding. */
import { createHash } from 'node:crypto'
import { learningRateAt, prunableParameters, recipe } from '@winning-tickets/core'
import type { Cell } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { type DeepArm, type DeepNetwork, deep, deepArm, deepProfiles, prunedBy, RATES, type Rate } from './deep.js'
import { densityOf, modelOf } from './ladder.js'
import { rewind, rewindProfiles } from './rewind.js'

const runs = (cells: readonly Cell[], network: string, rate: Rate, arm: DeepArm) =>
  cells.filter((cell) => cell.arm === `${network} ${deepArm(rate, arm)}`)
const ladderOf = ({ ladders }: DeepNetwork, rate: Rate) => ladders.find((ladder) => ladder.rate === rate)!
const profiles = ['smoke', 'small', 'paper'] as const

describe('the paper profile', () => {
  const [vgg, resnet] = deepProfiles.paper.networks

  it('is the setting of the paper: CIFAR-10 with augmentation, 5 seeds, VGG-19 and ResNet-20 (claims.md 1.b)', () => {
    const { dataset, data, seeds, networks } = deepProfiles.paper
    expect({ dataset, data, seeds }).toMatchObject({
      dataset: { name: 'cifar-10' },
      data: { validation: 5000, augment: {} },
      seeds: 5,
    })
    const settings = networks.map((network) => {
      const { recipe } = ladderOf(network, 'at 0.1')
      return [network.name, recipe.iterations, recipe.batchSize, recipe.schedule]
    })
    expect(settings).toEqual([
      ['vgg-19', 112_480, 64, { name: 'steps', at: [56_240, 84_360] }],
      ['resnet-20', 30_000, 128, { name: 'steps', at: [20_000, 25_000] }],
    ])
  })

  it('has rates of 0.1 and 0.01, and 0.1 and 0.03 after linear warm-ups of 10,000 and 20,000 iterations', () => {
    const rateAt = (network: DeepNetwork, rate: Rate, iteration: number) =>
      learningRateAt(iteration, recipe(ladderOf(network, rate).recipe))
    for (const network of [vgg!, resnet!]) {
      expect(network.ladders.map(({ rate }) => rate)).toEqual(RATES)
      expect(rateAt(network, 'at 0.1', 0)).toBe(0.1)
      expect(rateAt(network, 'at 0.01', 0)).toBe(0.01)
      expect(rateAt(network, 'warm-up', 0)).toBe(0)
    }
    const expectRates = (network: DeepNetwork, expected: Record<number, number>) => {
      for (const [at, value] of Object.entries(expected)) {
        expect(rateAt(network, 'warm-up', Number(at))).toBeCloseTo(value, 12)
      }
    }
    expectRates(vgg!, { 5000: 0.05, 9999: 0.09999, 10000: 0.1, 56239: 0.1, 56240: 0.01 })
    // ResNet's rate drops where its warm-up ends.
    expectRates(resnet!, { 10000: 0.015, 19999: 0.0299985, 20000: 0.003, 25000: 0.0003 })
  })

  it('has every level to 1.15%, reinitialised too, and with warm-up by both rankings', async () => {
    const cells = await deep.plan({ ...deepProfiles.paper, seeds: 1 })
    for (const network of [vgg!, resnet!]) {
      expect(densityOf(prunedBy(network, ladderOf(network, 'warm-up')), 20)).toBeCloseTo(0.0115, 4)
      const counts = RATES.map((rate) =>
        (['dense', 'ticket', 'reinit', 'layerwise'] as const).map((arm) => runs(cells, network.name, rate, arm).length),
      )
      expect(counts).toEqual([
        [1, 20, 20, 0],
        [1, 20, 20, 0],
        [1, 20, 20, 20],
      ])
    }
  })
})

describe('levels', () => {
  it.each(profiles)('of %s have one near 10% with fresh weights at each rate, and a second ranking', (profile) => {
    for (const network of deepProfiles[profile].networks) {
      for (const ladder of network.ladders) {
        const { rounds, reinitRounds, layerwiseRounds } = ladder
        expect(rounds).toEqual(expect.arrayContaining([...reinitRounds, ...layerwiseRounds]))
        const densities = reinitRounds.map((round) => densityOf(prunedBy(network, ladder), round))
        expect(densities.filter((density) => density > 0.1 && density < 0.17).length).toBeGreaterThan(0)
      }
    }
    expect(deepProfiles[profile].networks.some(({ ladders }) => ladders[2]!.layerwiseRounds.length > 0)).toBe(true)
  })
})

describe('stages', () => {
  const one = { ...deepProfiles.small, seeds: 1 }

  it.each(profiles)('of %s at 0.1 are those of imp-rewind, where that has the network', async (profile) => {
    const settings = { ...rewindProfiles[profile], seeds: 1 }
    const others = await rewind.plan(settings)
    const cells = await deep.plan({ ...deepProfiles[profile], seeds: 1 })
    for (const { name, rounds } of settings.networks) {
      const idOf = (arm: string, level: number) =>
        others.find((cell) => cell.arm === `${name} ${arm}` && cell.level === level)!.stage.id
      const ours = (arm: DeepArm, level: number) =>
        runs(cells, name, 'at 0.1', arm).find((cell) => cell.level === level)!.stage.id
      expect(ours('dense', 0)).toBe(idOf('dense', 0))
      for (const round of rounds) expect(ours('ticket', round)).toBe(idOf('rewind 0%', round))
      expect(ours('reinit', rounds.at(-1)!)).toBe(idOf('reinit 0%', rounds.at(-1)!))
    }
  })

  it('form a chain for each rate and ranking, reset to initialisation, and reinitialise the same masks', async () => {
    const cells = await deep.plan(one)
    for (const network of one.networks) {
      for (const { rate, rounds, reinitRounds, layerwiseRounds, recipe } of network.ladders) {
        const of = (arm: DeepArm) => runs(cells, network.name, rate, arm)
        const [dense, ...more] = of('dense')
        expect(more).toEqual([])
        for (const [arm, levels] of [
          ['ticket', rounds],
          ['layerwise', layerwiseRounds],
        ] as const) {
          expect(of(arm).map(({ level }) => level)).toEqual(levels)
          for (const [i, { stage }] of of(arm).entries()) {
            expect(stage.inputs.mask!.inputs.trained!.id).toBe([dense!, ...of(arm)][i]!.stage.id)
            expect(stage.config).toMatchObject({ start: { from: 'init' }, masked: true, recipe })
            expect((stage.inputs.mask!.config.target as { scope: string }).scope).toBe(
              arm === 'ticket' ? 'global' : 'layerwise',
            )
          }
        }
        expect(of('reinit').map(({ level }) => level)).toEqual(reinitRounds)
        for (const { level, stage } of of('reinit')) {
          const ticket = of('ticket').find((cell) => cell.level === level)!
          expect(stage.inputs.mask!.id).toBe(ticket.stage.inputs.mask!.id)
          expect(stage.config).toMatchObject({ start: { from: 'reinit' }, recipe })
        }
      }
    }
  })

  it('rank layer by layer at the same density in every convolution, and nothing else', async () => {
    const [vgg] = one.networks
    const cells = await deep.plan(one)
    for (const { level, density, stage } of runs(cells, 'vgg-11', 'warm-up', 'layerwise')) {
      const { densities } = stage.inputs.mask!.config.target as { densities: Record<string, number> }
      const layers = prunableParameters(modelOf(prunedBy(vgg!, vgg!.ladders[2]!))).map(({ name }) => name)
      expect(Object.keys(densities)).toEqual(layers)
      expect(layers).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => `conv${i}.kernel`))
      for (const share of Object.values(densities)) expect(share).toBeCloseTo(0.8 ** level, 12)
      expect(density).toBeCloseTo(0.8 ** level, 3)
    }
  })

  it('of small are 84 runs for 3 seeds, 66 without those of imp-rewind', async () => {
    const ids = new Set((await deep.plan(deepProfiles.small)).map(({ stage }) => stage.id))
    const others = new Set((await rewind.plan({ ...rewindProfiles.small, seeds: 3 })).map(({ stage }) => stage.id))
    expect([ids.size, [...ids].filter((id) => !others.has(id)).length]).toEqual([84, 66])
  })

  // If one of these changes, so did the meaning of a run: evidence that people have made no longer counts.
  it.each([
    ['smoke', 'ebbb7589e5f31339'],
    ['small', '6ca3fdcf621e8b2f'],
    ['paper', '9a6e6e0e114e42f6'],
  ] as const)('of %s keep their ids', async (profile, pinned) => {
    const cells = await deep.plan({ ...deepProfiles[profile], seeds: 1 })
    const ids = cells.map(({ stage }) => stage.id).join('\n')
    expect(createHash('sha256').update(ids).digest('hex').slice(0, 16)).toBe(pinned)
  })
})
