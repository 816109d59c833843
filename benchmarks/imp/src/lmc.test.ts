/** The grid of connectivity: which runs are copies of which, and that rewinding's own runs are taken where they are the same. */
import type { Cell, Stage } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { densityOf } from './ladder.js'
import { connectivity, connectivityProfiles } from './lmc.js'
import { iterationAt, rewind, rewindProfiles } from './rewind.js'

const small = { ...connectivityProfiles.small, seeds: 1 }
const stageOf = (cells: readonly Cell[], arm: string): Stage => {
  const found = cells.filter((cell) => cell.arm === arm)
  expect(found.length).toBe(1)
  return found[0]!.stage
}

describe('the small grid', () => {
  it('copies ResNet-8 at 0, 1, 3 and 10% of training, dense and with 16.8% of its weights', async () => {
    const [lenet, resnet] = small.networks
    expect(resnet!.points.map((percent) => iterationAt(percent, resnet!))).toEqual([0, 16, 47, 156])
    expect(resnet!.copyRounds.map((round) => densityOf(resnet!, round))).toEqual([expect.closeTo(0.1678, 3)])
    expect([lenet!.name, lenet!.data.dataset, lenet!.points]).toEqual(['lenet-300-100', 'mnist', [0]])
    for (const { line } of small.networks) expect(line.points).toBeUndefined()
  })

  it("takes rewinding's dense network and tickets, and adds copies that differ in the order of their data only", async () => {
    const [cells, rewound] = await Promise.all([
      connectivity.plan(small),
      rewind.plan({ ...rewindProfiles.small, seeds: 1 }),
    ])
    const known = new Set(rewound.map(({ stage }) => stage.id))
    expect(known.has(stageOf(cells, 'resnet-8 dense').id)).toBe(true)
    for (const percent of [0, 1, 3, 10]) {
      const line = stageOf(cells, `resnet-8 ticket barrier ${percent}%`)
      const { first, second } = line.inputs as { first: Stage; second: Stage }
      expect(first.id).toBe(stageOf(cells, `resnet-8 ticket ${percent}%`).id)
      expect(known.has(first.id)).toBe(true)
      expect(second.config).toEqual({ ...first.config, orderSeed: 1001 })
      const idsOf = ({ inputs }: Stage) => Object.entries(inputs).map(([name, { id }]) => [name, id])
      expect(idsOf(second)).toEqual(idsOf(first))
    }
  })

  it('copies dense networks from the dense run: from its start, or with fresh momentum from the weights it kept', async () => {
    const cells = await connectivity.plan(small)
    const dense = stageOf(cells, 'resnet-8 dense')
    const line = (percent: number) => stageOf(cells, `resnet-8 dense barrier ${percent}%`).inputs
    expect(line(0).first!.id).toBe(dense.id)
    expect(line(0).second!.config).toEqual({ ...dense.config, keepAt: [], orderSeed: 1001 })
    for (const [percent, step] of [
      [1, 16],
      [3, 47],
      [10, 156],
    ] as const) {
      const { first, second } = line(percent)
      for (const copy of [first!, second!]) {
        expect(copy.config.start).toEqual({ from: 'rewind', step })
        expect(copy.inputs.trained!.id).toBe(dense.id)
      }
      expect([first!.config.orderSeed, second!.config.orderSeed]).toEqual([undefined, 1001])
    }
  })

  it('has controls at 10%: the dense weights under a shuffled mask, and fresh ones trained under the ticket’s', async () => {
    const cells = await connectivity.plan(small)
    const ticket = stageOf(cells, 'resnet-8 ticket 10%')
    const dense = stageOf(cells, 'resnet-8 dense')
    const [random, reinit] = ['random', 'reinit'].map((arm) => stageOf(cells, `resnet-8 ${arm} 10%`))
    for (const control of [random!, reinit!]) expect(control.inputs.mask!.id).toBe(ticket.inputs.mask!.id)
    expect(random!.config.start).toEqual({ from: 'rewind', step: 156, shuffled: 0 })
    expect(random!.inputs.trained!.id).toBe(dense.id)
    expect(reinit!.config.start).toEqual({ from: 'rewind', step: 156 })
    expect(reinit!.inputs.trained!.config).toMatchObject({ start: { from: 'reinit' }, keepAt: [156] })
    const others = await rewind.plan({ ...rewindProfiles.small, seeds: 1 })
    expect(reinit!.inputs.trained!.id).toBe(stageOf(others, 'resnet-8 reinit 10%').id)
    for (const [arm, control] of [
      ['random', random!],
      ['reinit', reinit!],
    ] as const) {
      const { first, second } = stageOf(cells, `resnet-8 ${arm} barrier 10%`).inputs
      expect(first!.id).toBe(control.id)
      expect(second!.config).toEqual({ ...control.config, orderSeed: 1001 })
    }
    expect(cells.filter(({ arm }) => arm.includes('random')).length).toBe(2)
  })
})

describe('the paper grid', () => {
  it('has the networks and iterations of claims.md 1.f, and 30 points between the ends of a line', async () => {
    const { networks, seeds } = connectivityProfiles.paper
    expect(
      networks.map(({ name, recipe }) => [name, recipe.iterations, recipe.batchSize, recipe.learningRate]),
    ).toEqual([
      ['lenet-300-100', 24_000, 60, 1.2e-3],
      ['resnet-20', 63_000, 128, 0.1],
      ['vgg-16', 63_000, 128, 0.1],
    ])
    expect(seeds).toBe(3)
    const sparsest = networks.map((network) => densityOf(network, network.copyRounds.at(-1)!))
    // 3.5%, 16.8% and 1.5% are the densities of the main figures.
    expect(sparsest).toEqual([expect.closeTo(0.036, 3), expect.closeTo(0.168, 3), expect.closeTo(0.0144, 3)])
    const cells = await connectivity.plan({ ...connectivityProfiles.paper, seeds: 1 })
    const lines = cells.filter(({ arm }) => arm.includes('barrier'))
    for (const { stage } of lines) expect(stage.config.points).toBe(30)
    // LeNet: 3 dense, 9 of tickets, 2 controls; the others 7 dense, 28 of tickets, 6 of controls each.
    expect(lines.length).toBe(14 + 2 * 41)
  })
})
