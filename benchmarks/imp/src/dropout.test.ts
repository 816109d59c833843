/** The grid of dropout: the same networks twice, each pruned by its own training. */
import { describe, expect, it } from 'vitest'
import { conv, convProfiles } from './conv.js'
import { dropout, dropoutProfiles } from './dropout.js'
import { modelOf } from './ladder.js'

describe('the paper profile', () => {
  it('has dropout of half of the units, its own rates, and three times the iterations (claims.md 1.b)', () => {
    const settings = dropoutProfiles.paper.networks.map(({ dropout: { name, options, recipe } }) => [
      name,
      options?.dropout,
      recipe.learningRate,
      recipe.iterations,
    ])
    expect(settings).toEqual([
      ['conv-2', 0.5, 3e-4, 60_000],
      ['conv-4', 0.5, 2e-4, 75_000],
      ['conv-6', 0.5, 2e-4, 90_000],
    ])
    for (const { plain, dropout } of dropoutProfiles.paper.networks) {
      expect(plain.options?.dropout).toBeUndefined()
      expect(modelOf(dropout).dropout?.map(({ name, shape }) => [name, ...shape])).toEqual([
        ['fc1', 256],
        ['fc2', 256],
      ])
      expect([dropout.rates, dropout.rounds]).toEqual([plain.rates, plain.rounds])
    }
  })
})

describe('stages of small', () => {
  it('shares what has no dropout with the experiment on convolutional networks', async () => {
    const cells = await dropout.plan({ ...dropoutProfiles.small, seeds: 1 })
    const others = new Set((await conv.plan({ ...convProfiles.small, seeds: 1 })).map(({ stage }) => stage.id))
    const plain = cells.filter(({ arm }) => !arm.includes('dropout'))
    expect(plain.map(({ arm, level }) => [arm, level])).toEqual([
      ['conv-2 dense', 0],
      ['conv-2 ticket', 4],
      ['conv-2 ticket', 8],
    ])
    for (const { stage } of plain) expect(others.has(stage.id)).toBe(true)
  })

  it('prunes networks with dropout by their own weights', async () => {
    const cells = await dropout.plan({ ...dropoutProfiles.small, seeds: 1 })
    const [dense, ...tickets] = cells.filter(({ arm }) => arm.includes('dropout'))
    expect([dense!.arm, tickets.length]).toEqual(['conv-2 dropout dense', 2])
    for (const [i, { stage, arm }] of tickets.entries()) {
      expect(arm).toBe('conv-2 dropout ticket')
      expect(stage.inputs.mask!.inputs.trained!.id).toBe([dense!, ...tickets][i]!.stage.id)
      expect(stage.config).toMatchObject({ model: { options: { dropout: 0.5 } }, recipe: { iterations: 6000 } })
    }
  })
})
