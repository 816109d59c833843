/** From a store's records to rows and verdicts, on made-up (synthetic) records. */
import { expect, it } from 'vitest'
import type { Claim } from '../claims/types.js'
import type { Stage } from '../stage/types.js'
import { estimate } from '../statistics/estimate.js'
import { above, finding } from '../statistics/verdict.js'
import type { StageRecord, Store } from '../store/types.js'
import { collectResults, judge } from './results.js'
import type { Cell, Experiment, Settings } from './types.js'

const settings: Settings = { seeds: 3, dataset: { name: 'made-up', note: 'synthetic' }, deviations: ['No training.'] }
const experiment: Experiment = {
  name: 'toy',
  title: 'A toy',
  profiles: { smoke: settings, small: settings, paper: settings },
  plan: async () => [],
}
const cell = (arm: string, seed: number, id = `${arm}/${seed}`): Cell => {
  return { arm, level: 1, density: 0.5, seed, stage: { id } as Stage }
}
const record = (value: number, seconds: number, cpu = 'abacus') =>
  ({
    deterministic: { artifacts: {}, result: { metrics: { value } } },
    observed: { host: 'desk', cpu, engine: 'hand', node: 'v20.19.0', seconds, finishedAt: '2026-01-01T00:00:00Z' },
  }) as unknown as StageRecord
const storeOf = (records: Record<string, StageRecord>) =>
  ({ records: { get: async (id: string) => records[id] } }) as unknown as Store

const claim: Claim = {
  id: 'TOY-1',
  title: 'Values are positive',
  paper: 'about 1',
  unit: 'points',
  check({ rows }) {
    const result = estimate(rows.map(({ metrics }) => metrics.value!))
    return finding(above(result, 0), result, 'Mean of all rows.')
  },
}

it('keeps the seeds that have all their cells, and adds up where they ran', async () => {
  const cells = [cell('a', 1), cell('b', 1, 'a/1'), cell('a', 2), cell('b', 2), cell('a', 3), cell('b', 3)]
  const records = { 'a/1': record(1, 10), 'a/2': record(2, 20), 'b/2': record(3, 5, 'slate'), 'a/3': record(9, 100) }
  const results = await collectResults(experiment, 'small', settings, cells, storeOf(records))
  expect(results.rows.map(({ arm, seed, metrics }) => [arm, seed, metrics.value])).toEqual([
    ['a', 1, 1],
    ['b', 1, 1],
    ['a', 2, 2],
    ['b', 2, 3],
  ])
  expect(results).toMatchObject({ paper: 'toy', profile: 'small', deviations: ['No training.'] })
  // Two cells share the stage a/1, which ran once; seed 3 counts for nothing.
  expect(results.environments).toEqual([
    { cpu: 'abacus', engine: 'hand', node: 'v20.19.0', runs: 2, seconds: 30 },
    { cpu: 'slate', engine: 'hand', node: 'v20.19.0', runs: 1, seconds: 5 },
  ])
  const judged = judge(claim, results)
  expect(judged).toMatchObject({ id: 'TOY-1', seeds: 4, effect: 1.75, dataset: 'made-up (synthetic)' })
  expect(judged.evidence).toEqual(['a/1', 'a/2', 'b/2'])
})

it('adds the numbers of layers to the metrics of cells that ask for them', async () => {
  const { deterministic, observed } = record(1, 10)
  const result = { ...deterministic.result, layers: { 'fc.kernel': 0.5 } }
  const store = storeOf({ 'a/1': { deterministic: { ...deterministic, result }, observed } })
  const cells = [cell('a', 1), { ...cell('b', 1, 'a/1'), layered: 'share' }]
  const { rows } = await collectResults(experiment, 'small', settings, cells, store)
  expect(rows.map(({ metrics }) => metrics)).toEqual([{ value: 1 }, { value: 1, 'share/fc.kernel': 0.5 }])
})

it('says not run without rows, and why a check fails', async () => {
  const none = await collectResults(experiment, 'smoke', settings, [cell('a', 1)], storeOf({}))
  expect(judge(claim, none)).toMatchObject({ verdict: 'not run', effect: null, seeds: 0, evidence: [] })
  const some = await collectResults(experiment, 'smoke', settings, [cell('a', 1)], storeOf({ 'a/1': record(1, 1) }))
  const broken: Claim = { ...claim, check: () => estimate([]) as never }
  expect(judge(broken, some)).toMatchObject({
    verdict: 'inconclusive',
    effect: null,
    detail: 'The check failed: There are no seeds to average.',
  })
})
