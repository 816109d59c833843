/** Leases: one holder at a time, and none that outlives its process or its patience. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LeaseOptions, openLeases } from './leases.js'
import { type Owner, self } from './owner.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leases-'))
  await mkdir(join(folder, 'leases'))
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(folder, { recursive: true, force: true })
})

const leases = (options: LeaseOptions = {}) => openLeases(join(folder, 'leases'), join(folder, 'tmp'), options)
const file = () => join(folder, 'leases', 'a.json')

/** A lease of somebody else's, as it lies on the disk. */
async function foreign(owner: Partial<Owner>, beat = 0): Promise<void> {
  const lease = { owner: { ...self(), ...owner }, token: 'theirs', beat, label: 'ticket, seed 3', fraction: 0.25 }
  await writeFile(file(), JSON.stringify(lease))
}

/** The number of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid!
}

test('one holder at a time; a released lease can be taken again, and leaves nothing behind', async () => {
  const [mine, theirs] = [leases(), leases()]
  const lease = await mine.take('a', 'dense')
  expect(lease).toBeDefined()
  expect(await theirs.take('a', 'dense')).toBeUndefined()
  expect(await mine.take('a', 'dense')).toBeUndefined()
  expect(await theirs.list()).toEqual([
    { id: 'a', label: 'dense', fraction: 0, host: self().host, pid: process.pid, here: true },
  ])
  await lease!.release()
  expect(await theirs.list()).toEqual([])
  await (await theirs.take('a', 'dense'))!.release()
  expect(await readdir(join(folder, 'leases'))).toEqual([])
  expect(await readdir(join(folder, 'tmp'))).toEqual([])
})

test('of many that ask at once, exactly one gets it', async () => {
  const taken = await Promise.all(Array.from({ length: 20 }, () => leases().take('a', 'dense')))
  const held = taken.filter((lease) => lease !== undefined)
  expect(held).toHaveLength(1)
  await held[0]!.release()
})

test('of two that find a dead one’s, exactly one gets it', async () => {
  const pid = await deadProcess()
  for (let round = 0; round < 30; round += 1) {
    await foreign({ pid })
    const taken = await Promise.all(Array.from({ length: 2 }, () => leases().take('a', 'dense')))
    const held = taken.filter((lease) => lease !== undefined)
    expect(held).toHaveLength(1)
    await held[0]!.release()
  }
  expect(await readdir(join(folder, 'tmp'))).toEqual([])
})

test('a dead process loses its lease at once, also when its number was given to another', async () => {
  await foreign({ pid: await deadProcess() })
  expect(await leases().list()).toEqual([])
  await (await leases().take('a', 'dense'))!.release()
  if (process.platform !== 'linux') return
  await foreign({ started: '1' })
  await (await leases().take('a', 'dense'))!.release()
})

test('a lease of another machine, or one cut short, falls when it has stood still for long enough', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const patient = leases({ patience: 100 })
  for (const content of [undefined, '', '{"owner"']) {
    if (content === undefined) await foreign({ host: 'elsewhere', pid: 1 })
    else await writeFile(file(), content)
    expect(await patient.take('a', 'dense')).toBeUndefined()
    vi.advanceTimersByTime(100)
    expect(await patient.take('a', 'dense')).toBeUndefined()
    vi.advanceTimersByTime(1)
    const lease = await patient.take('a', 'dense')
    expect(lease).toBeDefined()
    await lease!.release()
  }
})

test('a lease that is written anew stands, whatever the wall clock says', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  const lease = await leases({ beat: 20 }).take('a', 'dense')
  const other = leases({ patience: 200 })
  let content = ''
  for (let look = 0; look < 5; look += 1) {
    // Days forth and back.
    vi.setSystemTime(look % 2 === 0 ? 1e12 : 3e12)
    expect(await other.take('a', 'dense')).toBeUndefined()
    const before = content
    while (content === before) {
      await sleep(5)
      content = await readFile(file(), 'utf8')
    }
    vi.advanceTimersByTime(199)
  }
  lease!.fraction = 0.5
  while ((await other.list())[0]?.fraction !== 0.5) await sleep(5)
  await lease!.release()
})

test('who has lost a lease neither writes over the new one nor removes it', async () => {
  const lease = await leases({ beat: 20 }).take('a', 'dense')
  await foreign({ host: 'elsewhere' })
  const theirs = await readFile(file(), 'utf8')
  await sleep(60)
  expect(await readFile(file(), 'utf8')).toBe(theirs)
  await lease!.release()
  expect(await readFile(file(), 'utf8')).toBe(theirs)
})
