/** `tickets status` on the toy benchmark: counts, seeds, what runs, and orphans. */
import { mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exportEvidence } from '../evidence/write.js'
import type { Cell } from '../experiment/types.js'
import { createStage } from '../stage/create.js'
import { openStore } from '../store/disk.js'
import type { Store } from '../store/types.js'
import { makeBenchmarks, ticketsHere } from '../testing/command-line.js'
import { planToy, runCells, runToy, small, smoke } from '../testing/run-toy.js'
import { chain } from '../testing/toy.js'

let folder: string
let benchmarks: string
let store: Store

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'status-'))
  benchmarks = makeBenchmarks(join(folder, 'benchmarks'), ['toy'])
  store = await openStore(join(folder, 'store'), { leases: { beat: 20 } })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function status(...args: string[]): Promise<string> {
  const { stdout, stderr, status } = await ticketsHere(['status', '--store', store.location, ...args], { benchmarks })
  expect([status, stderr]).toEqual([0, ''])
  return stdout
}
const statusJson = async () => JSON.parse(await status('toy', '--json'))

/** A run that no experiment plans. */
async function stray(value = 77): Promise<Cell> {
  const stage = await createStage(chain, { value, milliseconds: smoke.milliseconds })
  return { arm: 'ticket', level: 0, density: 1, seed: 1, stage }
}

it('counts seeds and stages of every profile', async () => {
  await runToy(store, smoke)
  await runToy(store, { ...small, seeds: 1 })
  expect(await statusJson()).toEqual({
    store: store.location,
    grids: [
      { paper: 'toy', profile: 'smoke', seeds: 2, ofSeeds: 2, done: 10, running: 0, waiting: 0 },
      { paper: 'toy', profile: 'small', seeds: 1, ofSeeds: 3, done: 9, running: 0, waiting: 18 },
      // Of each of 5 seeds a dense network, and a ticket and a control at 20 levels.
      { paper: 'toy', profile: 'paper', seeds: 0, ofSeeds: 5, done: 0, running: 0, waiting: 205 },
    ],
    running: [],
    orphans: [],
  })
  const text = await status()
  expect(text).toContain(`Store: ${store.location}\n`)
  expect(text).toMatch(/toy +│ small +│ 1 of 3 +│ 9 +│ 0 +│ 18 /)
  expect(text).not.toContain('no experiment plans')
})

it('shows what a process runs at the moment, and how far it is', async () => {
  const [{ stage }] = (await planToy(small)) as [Cell]
  const lease = (await store.leases.take(stage.id, stage.label))!
  lease.fraction = 0.25
  while ((await store.leases.list())[0]?.fraction !== 0.25) await sleep(10)
  const { grids, running } = await statusJson()
  expect(grids[1]).toMatchObject({ profile: 'small', done: 0, running: 1, waiting: 26 })
  expect(running).toEqual([
    { id: stage.id, label: 'dense, seed 1', fraction: 0.25, host: hostname(), pid: process.pid, here: true },
  ])
  expect(await status()).toContain(`running: dense, seed 1: 25% (process ${process.pid} on ${hostname()})\n`)
  await lease.release()
  expect(await statusJson()).toMatchObject({ running: [] })
})

it('says which records nobody plans, and why', async () => {
  const { stage } = await stray()
  await runCells(store, [await stray(), await stray(78)])
  const { orphans } = await statusJson()
  expect(orphans).toHaveLength(2)
  expect(orphans).toContainEqual({
    id: stage.id,
    kind: 'toy/chain',
    reason: 'no experiment plans its config: value was 77, now 1',
    committed: false,
  })
  const text = await status()
  expect(text).toContain('Records that no experiment plans any more ("tickets store gc --orphans" drops them):\n')
  expect(text).toContain('  1 of kind toy/chain: no experiment plans its config: value was 77, now 1\n')
})

it('tells orphans of committed evidence from those of the store', async () => {
  await runCells(store, [await stray()])
  await exportEvidence([await stray()], store, { folder: join(benchmarks, 'toy', 'results', 'toy', 'smoke') })
  store = await openStore(join(folder, 'another'))
  expect((await statusJson()).orphans).toMatchObject([{ committed: true }])
  expect(await status()).toContain('Committed records that no experiment plans any more')
})

it('takes runs of more seeds than the profile has for what they are', async () => {
  await runToy(store, { ...smoke, seeds: 5 })
  expect(await statusJson()).toMatchObject({ orphans: [], grids: [{ seeds: 2, ofSeeds: 2, done: 10 }, {}, {}] })
})
