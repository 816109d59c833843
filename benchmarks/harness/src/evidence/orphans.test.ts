/** Why nobody plans a record any more: each reason is made by one change to a stage. */
import { describe, expect, it, test } from 'vitest'
import { createStage } from '../stage/create.js'
import type { Stage, StageKind } from '../stage/types.js'
import type { Deterministic } from '../store/types.js'
import { planToy, smoke } from '../testing/run-toy.js'
import { chain } from '../testing/toy.js'
import { orphansOf } from './orphans.js'
import { plannedStages } from './planned.js'

const recordOf = ({ id, kind, config, inputs, identity }: Stage): Deterministic => ({
  id,
  kind: kind.name,
  config,
  inputs: Object.fromEntries(Object.entries(inputs).map(([name, stage]) => [name, stage.id])),
  identity,
  result: {},
  artifacts: {},
})

type Chain = typeof chain
const stage = (config: Parameters<Chain['schema']['parse']>[0], kind: Partial<Chain> = {}, inputs = {}) =>
  createStage({ ...chain, ...kind } as StageKind, config, { inputs })

/** The reasons for a record of `was` when `now` is planned. */
const reasons = (was: Stage, ...now: Stage[]) => orphansOf([recordOf(was)], now).map(({ reason }) => reason)

describe('the reason', () => {
  it('is none for a stage that is planned', async () => {
    expect(reasons(await stage({ value: 1 }), await stage({ value: 2 }), await stage({ value: 1 }))).toEqual([])
  })

  it('is the setting that changed, of the stage that is nearest', async () => {
    const now = [await stage({ value: 9, steps: 9 }), await stage({ value: 1, steps: 4 })]
    expect(reasons(await stage({ value: 1, steps: 3 }), ...now)).toEqual([
      'no experiment plans its config: steps was 3, now 4',
    ])
  })

  it('names three settings and counts the rest', async () => {
    const now = await stage({ value: 2, steps: 4, milliseconds: 2, fails: true })
    expect(reasons(await stage({ value: 1 }), now)).toEqual([
      expect.stringMatching(/^no experiment plans its config: (\w+ was \w+, now \w+(; )?){3} and 1 more$/),
    ])
  })

  it('is a setting that came or went', async () => {
    const was = await stage({ value: 1 })
    const { steps, ...others } = was.config
    expect(reasons({ ...was, id: '0'.repeat(64), config: others }, was)).toEqual([
      `no experiment plans its config: steps was not there, now ${steps}`,
    ])
    expect(reasons(was, { ...was, id: '0'.repeat(64), config: others })).toEqual([
      `no experiment plans its config: steps was ${steps} and is gone`,
    ])
    const nested = { ...was, id: '0'.repeat(64), config: { ...was.config, recipe: { warmup: 5 } } }
    expect(reasons(nested, was)).toEqual(['no experiment plans its config: recipe.warmup was 5 and is gone'])
  })

  it('is the rule, the data or the traced graph that changed', async () => {
    const was = await stage(
      { value: 1 },
      { identity: () => ({ dataHash: 'a', traceHashes: { train: 'a', evaluate: 'a' } }) },
    )
    const changed = async (kind: Partial<Chain>) => reasons(was, await stage({ value: 1 }, kind))
    const traceHashes = { train: 'b', evaluate: 'a' }
    expect(await changed({ identity: () => ({ dataHash: 'a', traceHashes }) })).toEqual([
      'the traced graph "train" changed',
    ])
    expect(await changed({ identity: () => ({ dataHash: 'b', traceHashes: was.identity.traceHashes }) })).toEqual([
      'the data changed',
    ])
    expect(await changed({ identity: () => was.identity as object, semantics: { chain: 2, order: 1 } })).toEqual([
      'the rule "chain" was 1, now 2; the rule "order" was none, now 1',
    ])
  })

  it('is the input that is another one, or came or went', async () => {
    const [a, b] = [await stage({ value: 1 }), await stage({ value: 2 })]
    const was = await stage({ value: 3 }, {}, { ticket: a })
    expect(reasons(was, await stage({ value: 3 }, {}, { ticket: b }))).toEqual([
      'it stands on other stages than now (ticket)',
    ])
    expect(reasons(was, await stage({ value: 3 }, {}, { ticket: a, mask: b }))).toEqual([
      'it stands on other stages than now (mask)',
    ])
    expect(reasons(was, await stage({ value: 3 }))).toEqual(['it stands on other stages than now (ticket)'])
  })

  it('is that nobody has its kind', async () => {
    expect(reasons(await stage({ value: 1 }, { name: 'toy/knot' }), await stage({ value: 1 }))).toEqual([
      'no benchmark has stages of kind toy/knot any more',
    ])
  })
})

test('more seeds than a profile has are planned as far as they were run', async () => {
  const { benchmark } = await import('../testing/toy.js')
  const ids = async (seeds: number) => (await planToy({ ...smoke, seeds })).map((cell) => cell.stage.id)
  const planned = async (ids: readonly string[], config = {}) => {
    const known = ids.map((id) => ({ id, config }))
    return (await plannedStages(benchmark.experiments, known)).map(({ id }) => id)
  }
  expect(await planned([])).not.toEqual(expect.arrayContaining(await ids(3)))
  // Seeds 1 to 9 of the profile's 2, the last of them hardly begun.
  const [, ...rest] = (await ids(9)).toReversed()
  expect(await planned(rest)).toEqual(expect.arrayContaining(rest))
  // Seeds 7 to 9 alone: the first doubling has none of them, but their configs name them.
  const few = await ids(6)
  const range = (await ids(9)).filter((id) => !few.includes(id))
  expect(await planned(range, { seed: 9 })).toEqual(expect.arrayContaining(range))
})
