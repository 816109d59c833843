/** The grid of convolutional networks: the paper's layers, densities and settings, and the runs that the claims need. */
import { densityRecord } from '@winning-tickets/core'
import type { Cell } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { conv, convProfiles } from './conv.js'
import { densityOf, modelOf } from './ladder.js'

const { networks } = convProfiles.paper
const networkOf = (name: string) => networks.find((network) => network.name === name)!
const percentOf = (name: string, round: number) => (100 * densityOf(networkOf(name), round)).toFixed(2)
const runs = (cells: readonly Cell[], arm: string) => cells.filter((cell) => cell.arm === arm)

describe('levels', () => {
  it("have the densities of the paper's figures (claims.md 1.a)", () => {
    expect([11, 14].map((round) => percentOf('conv-2', round))).toEqual(['8.81', '4.57'])
    expect([11, 12].map((round) => percentOf('conv-4', round))).toEqual(['11.06', '9.18'])
    expect([7, 10].map((round) => percentOf('conv-6', round))).toEqual(['26.61', '15.29'])
  })

  it.each(['conv-2', 'conv-4', 'conv-6'])('of %s cover all kernels and no bias', (name) => {
    const { prunable } = densityRecord(modelOf(networkOf(name)))
    // 3x3 kernels of pairs of 64, 128, 256 channels, and three dense layers on what the poolings leave (claims.md 1.b).
    const weights = { 'conv-2': 4_300_992, 'conv-4': 2_425_024, 'conv-6': 2_261_184 }[name]
    expect(prunable).toBe(weights)
  })

  it.each(['smoke', 'small', 'paper'] as const)('of %s are enough for the claims', (profile) => {
    for (const network of convProfiles[profile].networks) {
      const { rounds, reinitRounds } = network
      expect(rounds).toEqual([...rounds].sort((a, b) => a - b))
      for (const round of reinitRounds) expect(rounds).toContain(round)
      expect(reinitRounds.filter((round) => densityOf(network, round) <= 0.2).length).toBeGreaterThan(0)
    }
  })
})

describe('the paper profile', () => {
  it('is the setting of the paper: CIFAR-10, Adam, batches of 60, no augmentation, 5 seeds', () => {
    expect(convProfiles.paper).toMatchObject({ dataset: { name: 'cifar-10' }, data: { validation: 5000 }, seeds: 5 })
    expect(convProfiles.paper.data.augment).toBeUndefined()
    expect(networks.map(({ name, recipe }) => [name, recipe.learningRate, recipe.iterations])).toEqual([
      ['conv-2', 2e-4, 20_000],
      ['conv-4', 3e-4, 25_000],
      ['conv-6', 3e-4, 30_000],
    ])
    for (const { recipe, options } of networks) {
      expect(recipe).toMatchObject({ optimizer: { name: 'adam' }, batchSize: 60, evaluateEvery: 100 })
      expect(options).toBeUndefined()
    }
  })

  it('prunes the output layer at half the rate of the dense layers', () => {
    for (const { name, rates } of networks) {
      expect(rates).toEqual({ scope: 'layerwise', conv: name === 'conv-6' ? 0.15 : 0.1, dense: 0.2, output: 0.1 })
    }
  })

  it('has a ticket and a reinitialised one at every level of every network and seed', async () => {
    const cells = await conv.plan({ ...convProfiles.paper, seeds: 2 })
    for (const { name } of networks) {
      expect(['dense', 'ticket', 'reinit'].map((arm) => runs(cells, `${name} ${arm}`).length)).toEqual([2, 40, 40])
    }
  })
})

describe('stages', () => {
  const one = { ...convProfiles.small, seeds: 1 }

  it('form a chain a network, reset to initialisation, and reinitialise the same masks', async () => {
    const cells = await conv.plan(one)
    for (const { name, rounds, reinitRounds } of one.networks) {
      const tickets = runs(cells, `${name} ticket`)
      expect(tickets.map(({ level }) => level)).toEqual(rounds)
      for (const [i, { stage }] of tickets.entries()) {
        const before = i === 0 ? runs(cells, `${name} dense`)[0]! : tickets[i - 1]!
        expect(stage.inputs.mask!.inputs.trained!.id).toBe(before.stage.id)
        expect(stage.config).toMatchObject({ start: { from: 'init' }, masked: true, model: { name } })
      }
      const reinit = runs(cells, `${name} reinit`)
      expect(reinit.map(({ level }) => level)).toEqual(reinitRounds)
      for (const { level, stage } of reinit) {
        const ticket = tickets.find((cell) => cell.level === level)!
        expect(stage.inputs.mask!.id).toBe(ticket.stage.inputs.mask!.id)
        expect(stage.config).toMatchObject({ start: { from: 'reinit' } })
      }
    }
  })

  it('say what they train on: 10,000 of the recompressed images, at half width', async () => {
    for (const { stage, arm } of await conv.plan(one)) {
      expect(stage.config).toMatchObject({
        data: { dataset: 'cifar10-jpeg', train: 10_000, validation: 2500 },
        model: { options: { widthMultiplier: 0.5 } },
        recipe: { iterations: 3000, learningRate: arm.startsWith('conv-2') ? 2e-4 : 3e-4 },
      })
    }
    expect(convProfiles.small.dataset.note).toContain('recompressed as JPEG')
  })
})
