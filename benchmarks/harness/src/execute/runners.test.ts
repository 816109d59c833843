/** Lanes of worker processes that are killed before they begin a job: no stage is blamed for that. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStage } from '../stage/create.js'
import { openStore } from '../store/disk.js'
import type { Store } from '../store/types.js'
import { chain } from '../testing/toy.js'
import { execute } from './execute.js'
import type { ExecutionEvent } from './types.js'

const dist = (path: string) => new URL(`../../dist/${path}`, import.meta.url)

let folder: string
let store: Store
let events: ExecutionEvent[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runners-'))
  store = await openStore(join(folder, 'store'))
  events = []
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A worker's script that kills its process the first so many times that it is run. */
async function deadlyAtStart(deaths: number): Promise<string> {
  const path = join(folder, 'worker.mjs')
  await writeFile(
    path,
    `import { readdirSync, writeFileSync } from 'node:fs'
    const starts = readdirSync(${JSON.stringify(folder)}).filter((name) => name.startsWith('start-')).length
    writeFileSync(${JSON.stringify(join(folder, 'start-'))} + starts, '')
    if (starts < ${deaths}) process.kill(process.pid, 'SIGKILL')
    await import(${JSON.stringify(dist('execute/worker.js').href)})`,
  )
  return path
}

async function runTwo(deaths: number) {
  const first = await createStage(chain, { value: 1 })
  const second = await createStage(chain, { value: 2 }, { inputs: { first } })
  const where = { modules: [dist('testing/toy.js').href], script: await deadlyAtStart(deaths) }
  return execute([[second]], { store, where, workers: 1, onEvent: (event) => events.push(event) })
}

const starts = async () => (await readdir(folder)).filter((name) => name.startsWith('start-')).length

test('workers that are killed while they start, more often than a stage is tried, lose no stage', async () => {
  expect(await runTwo(5)).toMatchObject({ total: 2, finished: 2, failed: [], skipped: [], ended: 'complete' })
  expect(await starts()).toBe(6)
  expect(events.filter(({ type }) => type === 'retried')).toEqual([])
})

test('workers that can never start end the run, instead of failing one stage after the other', async () => {
  await expect(runTwo(Number.POSITIVE_INFINITY)).rejects.toThrow(
    /^10 workers in a row ended before they began to work: The worker process ended by SIGKILL\.$/,
  )
  expect(await starts()).toBe(10)
})
