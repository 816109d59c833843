/** The grid of early learning, its windows, and the stage that looks at a network as it learns. */
import {
  classificationTask,
  highPass,
  initialWeights,
  loadDataset,
  lowPass,
  prunableParameters,
} from '@winning-tickets/core'
import { buildModel, encodeWeights, engineOf, type Stage, type StageInput } from '@winning-tickets/harness'
import { stageRunner } from '@winning-tickets/harness/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { early, earlyProfiles, windowOf } from './early.js'
import { overlaps, snapshotKind } from './snapshot-stage.js'

const small = { ...earlyProfiles.small, seeds: 1 }

describe('the grid', () => {
  it('spoils windows of the first 20 of 30 epochs, by blur and by labels, against one clean run', async () => {
    const cells = await early.plan(small)
    const spoilt = cells.filter(({ arm }) => /first [1-9]|last/.test(arm))
    const windows = spoilt.map(({ arm, stage }) => [arm, (stage.config.data as { spoil: object }).spoil])
    const epochs = (what: string, from: number, to: number) => ({ what, from: 78 * from, to: 78 * to, rule: 1 })
    expect(windows).toEqual(
      ['blur', 'labels'].flatMap((what) => [
        [`${what} first 10%`, epochs(what, 0, 2)],
        [`${what} first 25%`, epochs(what, 0, 5)],
        [`${what} first 50%`, epochs(what, 0, 10)],
        [`${what} last 50%`, epochs(what, 10, 20)],
      ]),
    )
    const clean = cells.filter(({ arm }) => arm.endsWith('first 0%')).map(({ stage }) => stage)
    expect(new Set(clean.map(({ id }) => id)).size).toBe(1)
    expect(clean[0]!.config.data).not.toHaveProperty('spoil')
    // All else is the same.
    for (const { stage } of spoilt) {
      const { spoil, ...data } = stage.config.data as { spoil: object }
      expect({ ...stage.config, data, keepAt: clean[0]!.config.keepAt }).toEqual(clean[0]!.config)
    }
  })

  it('looks at the clean run at 0, 1, 2.5, 5, 10, 25 and 50% and at its end', async () => {
    const cells = await early.plan(small)
    const looks = cells.filter(({ arm }) => arm.startsWith('network'))
    const clean = cells.find(({ arm }) => arm === 'blur first 0%')!.stage
    expect(looks.map(({ stage }) => stage.config.step)).toEqual([0, 23, 59, 117, 234, 585, 1170, 'end'])
    expect(clean.config.keepAt).toEqual([23, 59, 117, 234, 585, 1170])
    for (const { stage } of looks) expect((stage.inputs.trained as Stage).id).toBe(clean.id)
  })

  it.each(['smoke', 'small', 'paper'] as const)(
    'of %s leaves a third of its iterations clean, and its rate fades to a thousandth',
    (name) => {
      const settings = earlyProfiles[name]
      const { recipe, spoilable } = settings
      expect(spoilable * 3).toBe(recipe.iterations * 2)
      const { at, factor } = recipe.schedule as { at: number[]; factor: number }
      expect(Math.log10(factor ** (at.length + 1))).toBeCloseTo(-3, 0)
      expect(windowOf('blur', settings, [50, 100])).toEqual({ what: 'blur', from: spoilable / 2, to: spoilable })
    },
  )
})

describe('overlaps', () => {
  it('are shares of the second mask, layer by layer', () => {
    const flags = (...values: number[]) => Uint8Array.from(values)
    const found = overlaps(
      { a: flags(1, 1, 0, 0), b: flags(0, 1), c: flags(0) },
      { a: flags(1, 0, 1, 0), b: flags(0, 1), c: flags(0) },
    )
    expect(found).toEqual({ a: 0.5, b: 1, c: 1 })
  })
})

describe('a look', () => {
  const model = { name: 'resnet-8' as const, options: { width: 2 } }
  const network = buildModel(model)
  const base = { data: { dataset: 'synthetic-32x32', validation: 100, train: 100 }, model, seed: 4, density: 0.5 }
  const start = initialWeights(network, 4)
  /** The first half of each kernel far larger than the other. */
  const end = { ...start }
  for (const { name } of prunableParameters(network)) {
    const { length } = start[name]!
    end[name] = start[name]!.map((value, i) => (i < length / 2 ? 10 + value : value))
  }
  const trained: StageInput = {
    id: 'trained',
    result: {},
    artifact: async (name) =>
      encodeWeights(network, name === 'weights' ? end : name === 'weights@7' ? start : expect.unreachable(name)),
  }
  const { run, cache, dispose } = stageRunner()
  afterAll(dispose)

  it('at the start sees half of the final mask by chance, at the end all of it, between the two what was kept', async () => {
    const at = async (step: number | 'end') => (await run(snapshotKind, { ...base, step }, { trained })).result
    const [first, kept, last] = [await at(0), await at(7), await at('end')]
    expect(kept).toEqual(first)
    expect(last.metrics!.maskOverlap).toBe(1)
    expect(Math.abs(first.metrics!.maskOverlap! - 0.5)).toBeLessThan(0.15)
    // By hand, for the first layer: its larger half at the start, and of these how many lie in its first half.
    const { length } = start['conv1.kernel']!
    const order = [...start['conv1.kernel']!.keys()].sort(
      (a, b) => Math.abs(start['conv1.kernel']![b]!) - Math.abs(start['conv1.kernel']![a]!),
    )
    const inside = order.slice(0, length / 2).filter((i) => i < length / 2).length
    expect((first.layers as Record<string, number>)['conv1.kernel']).toBeCloseTo(inside / (length / 2), 12)
  })

  it('measures the accuracy on images without their details, and on nothing but them', async () => {
    const { train, test } = await loadDataset('synthetic-32x32')
    const engine = await engineOf(cache)
    const measured = async (images: Uint8Array) => {
      const splits = { train, validation: test, test: { ...test, images } }
      const data = { name: 'filtered', shape: [32, 32, 3], classes: 10, splits, id: 'filtered' }
      const evaluator = await classificationTask(data).evaluator({ model: network, engine, split: 'test' })
      return (await evaluator.evaluate(start)).accuracy!
    }
    const { metrics } = (await run(snapshotKind, { ...base, step: 7 }, { trained })).result
    expect(metrics!.accuracy).toBeCloseTo(await measured(test.images), 9)
    expect(metrics!.lowPassAccuracy).toBeCloseTo(await measured(lowPass(test.images, [32, 32, 3])), 9)
    expect(metrics!.highPassAccuracy).toBeCloseTo(await measured(highPass(test.images, [32, 32, 3])), 9)
  })
})
