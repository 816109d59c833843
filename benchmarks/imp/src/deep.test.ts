/** The grids of deep networks: the paper's rates and warm-ups, ladders of both rankings, and runs that they share. */
import { createHash } from 'node:crypto'
import { learningRateAt, prunableParameters, recipe } from '@winning-tickets/core'
import type { Cell } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { type DeepArm, type DeepNetwork, deepArm, prunedBy, RATES, type Rate } from './deep.js'
import { densityOf, modelOf } from './ladder.js'
import { ranking } from './ranking.js'
import { resnet, resnetProfiles } from './resnet.js'
import { rewind, rewindProfiles } from './rewind.js'
import { vgg, vggProfiles } from './vgg.js'

const runs = (cells: readonly Cell[], { name }: DeepNetwork, rate: Rate, arm: DeepArm) =>
  cells.filter((cell) => cell.arm === `${name} ${deepArm(rate, arm)}`)
const ladderOf = ({ ladders }: DeepNetwork, rate: Rate) => ladders.find((ladder) => ladder.rate === rate)!
const profiles = ['smoke', 'small', 'paper'] as const
/** Three rates each. */
const experiments = [vgg, resnet]
const grids = experiments.flatMap((experiment) => profiles.map((profile) => ({ experiment, profile })))
/** All cells of one seed. */
const planned = ({ plan, profiles }: typeof vgg, profile: (typeof grids)[number]['profile']) =>
  plan({ ...profiles[profile], seeds: 1 })

describe('the paper profile', () => {
  const papers = [vggProfiles.paper, resnetProfiles.paper]

  it('is the setting of the paper: CIFAR-10 with augmentation, 5 seeds, VGG-19 and ResNet-20 (claims.md 1.b)', () => {
    for (const { dataset, data, seeds } of papers) {
      expect({ dataset, data, seeds }).toMatchObject({
        dataset: { name: 'cifar-10' },
        data: { validation: 5000, augment: {} },
        seeds: 5,
      })
    }
    const settings = papers.map(({ network }) => {
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
    for (const { network } of papers) {
      expect(network.ladders.map(({ rate }) => rate)).toEqual(RATES)
      expect(rateAt(network, 'at 0.1', 0)).toBe(0.1)
      expect(rateAt(network, 'at 0.01', 0)).toBe(0.01)
      expect(rateAt(network, 'warm-up', 0)).toBe(0)
    }
    const expectRates = ({ network }: (typeof papers)[number], expected: Record<number, number>) => {
      for (const [at, value] of Object.entries(expected)) {
        expect(rateAt(network, 'warm-up', Number(at))).toBeCloseTo(value, 12)
      }
    }
    expectRates(vggProfiles.paper, { 5000: 0.05, 9999: 0.09999, 10000: 0.1, 56239: 0.1, 56240: 0.01 })
    // ResNet's rate drops where its warm-up ends.
    expectRates(resnetProfiles.paper, { 10000: 0.015, 19999: 0.0299985, 20000: 0.003, 25000: 0.0003 })
  })

  it.each(experiments)('of $name has every level to 1.15%, reinitialised too', async (experiment) => {
    const { network } = experiment.profiles.paper
    const cells = await planned(experiment, 'paper')
    expect(densityOf(prunedBy(network, ladderOf(network, 'warm-up')), 20)).toBeCloseTo(0.0115, 4)
    for (const rate of RATES) {
      const arms = ['dense', 'ticket', 'reinit', 'layerwise'] as const
      expect(arms.map((arm) => runs(cells, network, rate, arm).length)).toEqual([1, 20, 20, 0])
    }
  })

  it('ranks layer by layer what imp-vgg has with warm-up', async () => {
    const cells = await planned(ranking, 'paper')
    const { network } = ranking.profiles.paper
    const arms = ['dense', 'ticket', 'reinit', 'layerwise'] as const
    expect(arms.map((arm) => runs(cells, network, 'warm-up', arm).length)).toEqual([1, 20, 0, 20])
    expect(cells.length).toBe(41)
  })
})

describe('levels', () => {
  it.each(grids)(
    'of $experiment.name $profile have one near 10% with fresh weights at each rate',
    ({ experiment, profile }) => {
      const { network } = experiment.profiles[profile]
      for (const ladder of network.ladders) {
        const { rounds, reinitRounds } = ladder
        expect(rounds).toEqual(expect.arrayContaining([...reinitRounds]))
        const densities = reinitRounds.map((round) => densityOf(prunedBy(network, ladder), round))
        expect(densities.filter((density) => density > 0.1 && density < 0.17).length).toBeGreaterThan(0)
      }
    },
  )

  it.each(experiments)(
    'of $name small take two of the paper’s rounds in one, the floor of design.md',
    ({ profiles }) => {
      for (const { rounds } of profiles.small.network.ladders) {
        expect(rounds.map((round, i) => round - (rounds[i - 1] ?? 0))).toEqual(rounds.map(() => 2))
      }
    },
  )
})

describe('stages', () => {
  it.each(grids)(
    'of $experiment.name $profile at 0.1 are those of imp-rewind, where that has the network',
    async ({ experiment, profile }) => {
      const { network } = experiment.profiles[profile]
      const settings = { ...rewindProfiles[profile], seeds: 1 }
      const shared = settings.networks.find(({ name }) => name === network.name)
      expect(shared !== undefined).toBe(experiment === resnet || profile === 'paper')
      if (shared === undefined) return
      const others = await rewind.plan(settings)
      const cells = await planned(experiment, profile)
      const idOf = (arm: string, level: number) =>
        others.find((cell) => cell.arm === `${network.name} ${arm}` && cell.level === level)!.stage.id
      const ours = (arm: DeepArm, level: number) =>
        runs(cells, network, 'at 0.1', arm).find((cell) => cell.level === level)!.stage.id
      expect(ours('dense', 0)).toBe(idOf('dense', 0))
      for (const round of shared.rounds) expect(ours('ticket', round)).toBe(idOf('rewind 0%', round))
      expect(ours('reinit', shared.rounds.at(-1)!)).toBe(idOf('reinit 0%', shared.rounds.at(-1)!))
    },
  )

  it.each([...experiments, ranking])(
    'of $name form a chain for each rate and ranking, reset to initialisation, and reinitialise the same masks',
    async (experiment) => {
      const { network } = experiment.profiles.small
      const cells = await planned(experiment, 'small')
      for (const { rate, rounds, reinitRounds, layerwiseRounds, recipe } of network.ladders) {
        const of = (arm: DeepArm) => runs(cells, network, rate, arm)
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
    },
  )

  it('rank layer by layer at the same density in every convolution, and nothing else', async () => {
    const { network } = ranking.profiles.small
    const cells = await planned(ranking, 'small')
    const [ladder] = network.ladders
    expect(runs(cells, network, 'warm-up', 'layerwise').map(({ level }) => level)).toEqual([2, 4, 6, 8, 10])
    for (const { level, density, stage } of runs(cells, network, 'warm-up', 'layerwise')) {
      const { densities } = stage.inputs.mask!.config.target as { densities: Record<string, number> }
      const layers = prunableParameters(modelOf(prunedBy(network, ladder!))).map(({ name }) => name)
      expect(Object.keys(densities)).toEqual(layers)
      expect(layers).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => `conv${i}.kernel`))
      for (const share of Object.values(densities)) expect(share).toBeCloseTo(0.8 ** level, 12)
      expect(density).toBeCloseTo(0.8 ** level, 3)
    }
  })

  it('of small share 18 runs of ResNet with imp-rewind, and 18 of both rankings with imp-vgg', async () => {
    const idsOf = async (experiment: typeof vgg) =>
      new Set((await experiment.plan(experiment.profiles.small)).map(({ stage }) => stage.id))
    const rewound = new Set((await rewind.plan({ ...rewindProfiles.small, seeds: 3 })).map(({ stage }) => stage.id))
    const [ofVgg, ofResnet, ofRanking] = await Promise.all([vgg, resnet, ranking].map(idsOf))
    const shared = (ids: Set<string>, others: Set<string>) => [...ids].filter((id) => others.has(id)).length
    expect([ofVgg!.size, ofResnet!.size, ofRanking!.size]).toEqual([63, 54, 33])
    expect([shared(ofResnet!, rewound), shared(ofRanking!, ofVgg!)]).toEqual([18, 18])
  })

  // If one of these changes, so did the meaning of a run: evidence that people have made no longer counts.
  it.each([
    { experiment: vgg, profile: 'smoke', pinned: '73abc230b0ead642' },
    { experiment: vgg, profile: 'small', pinned: '3db465c0c2c29f5a' },
    { experiment: vgg, profile: 'paper', pinned: '04c057bdd4ed4b2d' },
    { experiment: resnet, profile: 'smoke', pinned: '8f9e9e7b61dfacbb' },
    { experiment: resnet, profile: 'small', pinned: '9f60342cd225f899' },
    { experiment: resnet, profile: 'paper', pinned: '334b8c7c0355b25d' },
    { experiment: ranking, profile: 'smoke', pinned: '4d5b74fed7f0c8e2' },
    { experiment: ranking, profile: 'small', pinned: '9dd57292a0bc1d4a' },
    { experiment: ranking, profile: 'paper', pinned: '5cf8985386978c40' },
  ] as const)('of $experiment.name $profile keep their ids', async ({ experiment, profile, pinned }) => {
    const cells = await planned(experiment, profile)
    const ids = cells.map(({ stage }) => stage.id).join('\n')
    expect(createHash('sha256').update(ids).digest('hex').slice(0, 16)).toBe(pinned)
  })
})
