/** The grid of rewinding: a ladder for each rewind point, all from one dense network, whose weights go through as they are. */
import { densityRecord } from '@winning-tickets/core'
import type { Cell } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { densityOf, modelOf } from './ladder.js'
import { iterationAt, reinitArm, rewind, rewindArm, rewindProfiles } from './rewind.js'

const runs = (cells: readonly Cell[], arm: string) => cells.filter((cell) => cell.arm === arm)

describe('pruning', () => {
  it.each(['smoke', 'small', 'paper'] as const)('of %s ends at 16.8%, ranked over all convolutions', (profile) => {
    for (const network of rewindProfiles[profile].networks) {
      expect(network.rates).toEqual({ scope: 'global', rate: 0.2 })
      expect(densityOf(network, network.rounds.at(-1)!)).toBeCloseTo(0.1678, 3)
    }
  })

  it("leaves out what the paper does not prune: 2,560 weights of ResNet-20's shortcuts and 640 of its output layer", () => {
    const [resnet, vgg] = rewindProfiles.paper.networks.map((network) => densityRecord(modelOf(network)))
    // 3x3 kernels: 3 to 16 channels, 6 of 16, one of 16 to 32, 5 of 32, one of 32 to 64, 5 of 64.
    const convolutions = 9 * (3 * 16 + 6 * 16 ** 2 + 16 * 32 + 5 * 32 ** 2 + 32 * 64 + 5 * 64 ** 2)
    expect(resnet!.prunable).toBe(convolutions)
    expect(resnet!.layers.map(({ name }) => name).filter((name) => /shortcut|fc/.test(name))).toEqual([])
    expect(vgg!.layers.length).toBe(16)
  })
})

describe('the paper profile', () => {
  it('is the setting of the paper: CIFAR-10 with augmentation, SGD at 0.1 without warm-up', () => {
    const { networks, dataset, data, seeds } = rewindProfiles.paper
    expect({ dataset, seeds, data }).toMatchObject({
      dataset: { name: 'cifar-10' },
      seeds: 5,
      data: { validation: 5000, augment: {} },
    })
    const settings = networks.map(({ name, recipe }) => [name, recipe.iterations, recipe.batchSize, recipe.schedule])
    expect(settings).toEqual([
      ['resnet-20', 30_000, 128, { name: 'steps', at: [20_000, 25_000] }],
      ['vgg-19', 112_480, 64, { name: 'steps', at: [56_240, 84_360] }],
    ])
    for (const { recipe } of networks) {
      expect(recipe).toMatchObject({ learningRate: 0.1, optimizer: { momentum: 0.9, weightDecay: 1e-4 } })
      expect(recipe.warmup).toBeUndefined()
    }
  })
})

describe('stages of small', () => {
  const one = { ...rewindProfiles.small, seeds: 1 }
  const [network] = one.networks
  const { points } = one

  it('rewind to 0, 1, 3 and 10% of 20 epochs', () => {
    expect(points.map((percent) => iterationAt(percent, network!))).toEqual([0, 16, 47, 156])
    expect(network!.recipe).toMatchObject({ iterations: 20 * Math.floor(10_000 / 128), batchSize: 128 })
  })

  it('are one dense network that keeps every rewind point, and a ladder from each', async () => {
    const cells = await rewind.plan(one)
    const [dense, ...others] = runs(cells, 'resnet-8 dense')
    expect(others).toEqual([])
    // The last two are for whoever wants copies that part later.
    expect(dense!.stage.config.keepAt).toEqual([16, 47, 156, 468, 780])
    for (const percent of points) {
      const step = iterationAt(percent, network!)
      const ladder = runs(cells, `resnet-8 ${rewindArm(percent)}`)
      expect(ladder.map(({ level }) => level)).toEqual([2, 4, 6, 8])
      for (const [i, { stage }] of ladder.entries()) {
        expect(stage.config.start).toEqual(step === 0 ? { from: 'init' } : { from: 'rewind', step })
        if (step > 0) expect(stage.inputs.trained!.id).toBe(dense!.stage.id)
        // Each mask is cut from the ticket before, and from the dense network at first.
        const before = i === 0 ? dense! : ladder[i - 1]!
        expect(stage.inputs.mask!.inputs.trained!.id).toBe(before.stage.id)
      }
      const [control] = runs(cells, `resnet-8 ${reinitArm(percent)}`)
      const config = { start: { from: 'reinit' }, keepAt: step === 0 ? [] : [step] }
      expect(control).toMatchObject({ level: 8, stage: { config } })
      expect(control!.stage.inputs.mask!.id).toBe(ladder.at(-1)!.stage.inputs.mask!.id)
      expect(Object.keys(control!.stage.inputs)).toEqual(['mask'])
    }
  })

  it('are trained once: 1 dense network, 4 ladders of 4 and 4 controls', async () => {
    const ids = (await rewind.plan(one)).map(({ stage }) => stage.id)
    expect([ids.length, new Set(ids).size]).toEqual([21, 21])
  })
})
