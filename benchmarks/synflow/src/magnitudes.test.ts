/** Sums of theta^2 by hand, and the grid that looks at them: one dense network and one ladder of tickets. */
import { denseMasks, type Masks, model, prunableParameters, sizeOf, type Weights } from '@winning-tickets/core'
import type { Cell } from '@winning-tickets/harness'
import { describe, expect, it } from 'vitest'
import { magnitudes, magnitudesProfiles } from './magnitudes.js'
import { measureMagnitudes } from './magnitudes-stage.js'

describe('the measures', () => {
  const network = model('lenet-300-100', { inputShape: [2], hidden: [2, 2], classes: 2 })
  const weights: Weights = {
    'fc1.kernel': Float32Array.of(1, -2, 0, 0),
    'fc2.kernel': Float32Array.of(-1, 1, 1, 1),
    'fc3.kernel': Float32Array.of(0.5, 3, 1, -0.5),
  }

  it('of all weights: sums 5, 4 and 10.5', () => {
    const found = measureMagnitudes(network, weights, denseMasks(network))
    const mean = 19.5 / 3
    const deviation = Math.sqrt(((5 - mean) ** 2 + (4 - mean) ** 2 + (10.5 - mean) ** 2) / 3)
    expect(found.spread).toBeCloseTo(deviation / mean, 12)
    expect(found).toMatchObject({
      ratio: 10.5 / 4,
      prunable: 12,
      kept: 12,
      collapsed: 0,
      'score/fc1.kernel': 5 / 4,
      'score/fc3.kernel': 10.5 / 4,
      // 9 and 4 are the best of fc3 and fc1; of the ones, the first of fc1 and then the first of fc2 rank next.
      criticalCompression: 12 / 4,
    })
  })

  it('of what a mask leaves; of an empty layer there is no ratio', () => {
    const mask: Masks = {
      'fc1.kernel': Uint8Array.of(1, 0, 0, 0),
      'fc2.kernel': Uint8Array.of(0, 0, 0, 0),
      'fc3.kernel': Uint8Array.of(1, 0, 1, 0),
    }
    const left = { ...weights, 'fc1.kernel': Float32Array.of(1, 0, 0, 0), 'fc2.kernel': new Float32Array(4) }
    const found = measureMagnitudes(network, { ...left, 'fc3.kernel': Float32Array.of(0.5, 0, 1, 0) }, mask)
    expect(found).toMatchObject({ kept: 3, collapsed: 1, 'size/fc3.kernel': 2, 'score/fc3.kernel': 0.625 })
    expect(found).not.toHaveProperty('ratio')
    // Sums 1, 0 and 1.25.
    const mean = 0.75
    expect(found.spread).toBeCloseTo(Math.sqrt((0.25 ** 2 + 0.75 ** 2 + 0.5 ** 2) / 3) / mean, 12)
  })

  it('are zero spread for equal sums, and sqrt(L - 1) if one layer has all', () => {
    const of = (sizes: readonly number[]) =>
      Object.fromEntries(
        prunableParameters(network).map(({ name, shape }, i) => [
          name,
          new Float32Array(sizeOf(shape)).fill(sizes[i]!),
        ]),
      )
    expect(measureMagnitudes(network, of([2, 2, 2]), denseMasks(network)).spread).toBe(0)
    expect(measureMagnitudes(network, of([0, 2, 0]), denseMasks(network)).spread).toBeCloseTo(Math.sqrt(2), 12)
  })
})

describe('the grid', () => {
  const runs = (cells: readonly Cell[], arm: string) => cells.filter((cell) => cell.arm.endsWith(` ${arm}`))

  it.each(['smoke', 'small', 'paper'] as const)(
    'of %s looks from the start to the end, and keeps what it looks at',
    async (profile) => {
      const settings = magnitudesProfiles[profile]
      const { looks, networks } = settings
      expect([looks[0], looks.at(-1)]).toEqual([0, 100])
      const cells = await magnitudes.plan({ ...settings, seeds: 1 })
      const [network] = networks
      const { iterations } = network!.recipe
      for (const percent of looks.slice(1, -1)) {
        const [{ stage }] = runs(cells, `training ${percent}%`) as [Cell]
        const step = Math.round((percent * iterations) / 100)
        expect(stage.config.weights).toEqual({ from: 'kept', step })
        expect(stage.inputs.trained!.config.keepAt).toContain(step)
      }
      // One dense training run for all looks, and one for each round.
      const trained = new Set(cells.flatMap(({ stage }) => stage.inputs.trained?.id ?? []))
      expect(trained.size).toBe(1 + network!.rounds.length)
    },
  )

  it('of small is one ladder: what is left of a round is pruned, reset and trained in the next', async () => {
    const cells = await magnitudes.plan({ ...magnitudesProfiles.small, seeds: 1 })
    const tickets = runs(cells, 'ticket')
    expect(tickets.map(({ level, density }) => [level, Number(density.toFixed(4))])).toEqual([
      [0, 1],
      [2, 0.64],
      [4, 0.4096],
      [6, 0.2621],
      [8, 0.1678],
    ])
    const [end] = runs(cells, 'training 100%')
    expect(tickets[0]!.stage.id).toBe(end!.stage.id)
    for (const [i, { stage }] of tickets.slice(1).entries()) {
      const { trained, mask } = stage.inputs
      expect(trained!.config.start).toEqual({ from: 'init' })
      expect(trained!.inputs.mask!.id).toBe(mask!.id)
      expect(mask!.inputs.trained!.id).toBe(tickets[i]!.stage.inputs.trained!.id)
    }
    for (const { stage, level } of runs(cells, 'start')) {
      expect(stage.config).toMatchObject({ weights: { from: 'init', seed: 1 }, masked: level > 0 })
    }
  })

  it('of small has the schedule of the paper, an eighth as long: drops after 60 and 120 of 160 epochs', () => {
    const [{ recipe }] = magnitudesProfiles.small.networks as [(typeof magnitudesProfiles.small.networks)[number]]
    expect(recipe).toMatchObject({ iterations: 1560, learningRate: 0.1, schedule: { at: [585, 1170] } })
    const [{ recipe: paper }] = magnitudesProfiles.paper.networks as [
      (typeof magnitudesProfiles.paper.networks)[number],
    ]
    expect(paper).toMatchObject({ iterations: 160 * 351, schedule: { at: [60 * 351, 120 * 351] } })
  })
})
