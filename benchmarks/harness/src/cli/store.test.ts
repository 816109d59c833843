/** `tickets store`: where it is, damage that is found and made good, and garbage that goes without taking what is needed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stream } from '@winning-tickets/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { completeRecord } from '../execute/plan.js'
import type { Cell } from '../experiment/types.js'
import { createStage } from '../stage/create.js'
import { openStore } from '../store/disk.js'
import { collectGarbage } from '../store/maintain.js'
import type { Store } from '../store/types.js'
import { makeBenchmarks, ticketsHere } from '../testing/command-line.js'
import { contents } from '../testing/contents.js'
import { planToy, runCells, runToy, smoke } from '../testing/run-toy.js'
import { chain } from '../testing/toy.js'

let folder: string
let benchmarks: string
let store: Store

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-command-'))
  benchmarks = makeBenchmarks(join(folder, 'benchmarks'), ['toy'])
  store = await openStore(join(folder, 'store'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const tickets = (...args: string[]) => ticketsHere(['store', ...args, '--store', store.location], { benchmarks })
const artifactFile = (hash: string) => join(store.location, 'artifacts', hash.slice(0, 2), hash)
const recordFile = (id: string) => join(store.location, 'records', id.slice(0, 2), `${id}.json`)

/** Every file of the store. */
async function files(): Promise<string[]> {
  const entries = await readdir(store.location, { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])).sort()
}

async function put(path: string, content = 'rubbish'): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return path
}

/** The store's records whose artifacts are not all there. */
async function incomplete(): Promise<string[]> {
  const ids = await store.records.list()
  const complete = await Promise.all(ids.map((id) => completeRecord(store, id)))
  return ids.filter((_, i) => complete[i] === undefined)
}

describe('tickets store path', () => {
  it('prints the folder, which need not be there', async () => {
    expect(await tickets('path')).toEqual({ status: 0, stdout: `${store.location}\n`, stderr: '' })
    const env = { TICKETS_STORE: join(folder, 'elsewhere') }
    expect((await ticketsHere(['store', 'path'], { env })).stdout).toBe(`${env.TICKETS_STORE}\n`)
    expect(await readdir(folder)).toEqual(['benchmarks'])
  })
})

describe('tickets store verify', () => {
  it('finds a sound store sound', async () => {
    await runToy(store, smoke)
    expect(await tickets('verify')).toEqual({
      status: 0,
      stdout: `${store.location}: 10 records and 20 artifacts, 0 damaged.\n`,
      stderr: '',
    })
    const { status, stdout } = await tickets('verify', '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      store: store.location,
      records: 10,
      artifacts: 20,
      damagedRecords: [],
      damagedArtifacts: [],
      incomplete: [],
    })
  })

  it('names what is damaged and sets it aside, and the next run makes it again', async () => {
    await runToy(store, smoke)
    const undisturbed = await contents(store)
    const [dense, , child] = (await planToy(smoke)).map(({ stage }) => stage) as [Cell['stage'], unknown, Cell['stage']]
    expect(child.inputs).toEqual({ ticket: dense })
    // A flipped byte in what a stage made, and half a record of a stage that stands on it.
    const { state } = undisturbed[dense.id]!.artifacts as { state: string }
    const bytes = await readFile(artifactFile(state))
    await writeFile(artifactFile(state), bytes.with(7, bytes[7]! ^ 1))
    await truncate(recordFile(child.id), 200)

    const first = await tickets('verify')
    expect(first.status).toBe(1)
    expect(first.stderr.trim().split('\n')).toHaveLength(2)
    expect(first.stderr).toContain(`${artifactFile(state)} is damaged (its content does not match its name)`)
    expect(first.stderr).toContain(`${recordFile(child.id)} is damaged (it is not JSON)`)
    expect(first.stdout).toContain('10 records and 20 artifacts, 2 damaged; what 1 record made is lost')

    const second = await tickets('verify', '--json')
    expect([second.status, second.stderr]).toEqual([0, ''])
    expect(JSON.parse(second.stdout)).toMatchObject({ records: 9, artifacts: 19, incomplete: [dense.id] })

    const { started } = await runToy(store, smoke)
    expect(started).toEqual([dense.label, child.label])
    expect(await contents(store)).toEqual(undisturbed)
    expect(await incomplete()).toEqual([])
  })
})

describe('tickets store gc', () => {
  /** Garbage of every sort, by path; and a checkpoint that somebody needs. */
  async function litter() {
    const [{ stage }] = (await planToy(smoke)) as [Cell]
    const dead = spawn(process.execPath, ['-e', ''])
    await once(dead, 'exit')
    const lease = await store.leases.take('f'.repeat(64), 'the last words')
    const text = await readFile(join(store.location, 'leases', `${'f'.repeat(64)}.json`), 'utf8')
    await lease!.release()
    const garbage = [
      artifactFile(await store.artifacts.put(Buffer.from('nobody points here'))),
      await put(`${artifactFile('a'.repeat(64))}.damaged`),
      await put(`${recordFile('a'.repeat(64))}.damaged`),
      await put(store.checkpointPath(stage.id)),
      await put(`${store.checkpointPath(stage.id)}.123.tmp`),
      await put(join(store.location, 'tmp', '1-0123456789abcdef')),
      await put(
        join(store.location, 'leases', `${'f'.repeat(64)}.json`),
        text.replace(`${process.pid}`, `${dead.pid}`),
      ),
    ]
    return { garbage: garbage.sort(), checkpoint: await put(store.checkpointPath('b'.repeat(64))) }
  }

  it('says with --dry-run what would go, and removes nothing', async () => {
    await runToy(store, smoke)
    await litter()
    const before = await files()
    const { status, stdout } = await tickets('gc', '--dry-run')
    expect(status).toBe(0)
    expect(stdout).toBe(`Would remove 0 records, 1 artifact and 6 other files, 0.0 MB, from ${store.location}.\n`)
    expect(await files()).toEqual(before)
  })

  it('removes what nobody needs and no more', async () => {
    await runToy(store, smoke)
    const sound = await files()
    const undisturbed = await contents(store)
    const { garbage, checkpoint } = await litter()
    expect(await files()).toEqual([...sound, ...garbage, checkpoint].sort())
    const { status, stdout, stderr } = await tickets('gc', '--json')
    expect([status, stderr]).toEqual([0, ''])
    const { artifacts, files: others, ...rest } = JSON.parse(stdout)
    expect(rest).toMatchObject({ store: store.location, dryRun: false, records: [] })
    expect([...artifacts.map(artifactFile), ...others].sort()).toEqual(garbage)
    expect(await files()).toEqual([...sound, checkpoint].sort())
    expect(await contents(store)).toEqual(undisturbed)
    expect(await incomplete()).toEqual([])
    expect((await tickets('gc')).stdout).toMatch(/^Removed 0 records, 0 artifacts and 0 other files/)
  })

  it('never removes what a record needs, whichever records are left', async () => {
    const cells = await planToy(smoke)
    for (let trial = 0; trial < 10; trial += 1) {
      await runCells(store, cells)
      const coin = stream(trial, 'which go')
      const some = (list: readonly string[]) => list.filter(() => coin.uniform() < 0.3)
      for (const id of some(await store.records.list())) await store.records.remove(id)
      const unwanted = some(await store.records.list())
      const left = (await store.records.list()).filter((id) => !unwanted.includes(id))
      await collectGarbage(store, { unwanted })
      expect(await store.records.list()).toEqual(left)
      expect(await incomplete()).toEqual([])
      // Nor does anything stay that none of them points to.
      const needed = Object.values(await contents(store)).flatMap(({ artifacts }) => Object.values(artifacts))
      expect([...(await store.artifacts.list()).keys()].sort()).toEqual([...new Set(needed)].sort())
    }
  })

  it('refuses while a process runs a stage', async () => {
    await runToy(store, smoke)
    await litter()
    const before = await files()
    const lease = (await store.leases.take('c'.repeat(64), 'dense, seed 1'))!
    const { status, stdout, stderr } = await tickets('gc')
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      /^tickets: Process \d+ on .* uses the store .* \(dense, seed 1\): wait until it ends, or stop it\.\n$/,
    )
    await lease.release()
    expect(await files()).toEqual(before)
    expect((await tickets('gc')).status).toBe(0)
  })

  it('drops with --orphans the records that no experiment plans, and keeps those of further seeds', async () => {
    await runToy(store, { ...smoke, seeds: 3 })
    const planned = await contents(store)
    const stage = await createStage(chain, { value: 77 })
    await runCells(store, [{ arm: 'ticket', level: 0, density: 1, seed: 1, stage }])
    expect((await tickets('gc')).stdout).toMatch(/^Removed 0 records, 0 artifacts/)
    expect((await tickets('gc', '--orphans', '--dry-run')).stdout).toMatch(/^Would remove 1 record, 2 artifacts/)
    expect(await store.records.get(stage.id)).toBeDefined()
    expect((await tickets('gc', '--orphans')).stdout).toMatch(/^Removed 1 record, 2 artifacts and 0 other files/)
    expect(await contents(store)).toEqual(planned)
    expect(await incomplete()).toEqual([])
  })
})
