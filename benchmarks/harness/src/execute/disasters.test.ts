/** Real processes that are killed, race and run out of disk: the store is in the end what an undisturbed run leaves. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { stream } from '@winning-tickets/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { batchesOf } from '../experiment/results.js'
import { openStore } from '../store/disk.js'
import { collectGarbage, verifyStore } from '../store/maintain.js'
import type { Store } from '../store/types.js'
import { contents } from '../testing/contents.js'
import { benchmark, type ToySettings } from '../testing/toy.js'
import { execute } from './execute.js'

const program = new URL('../../dist/testing/run-grid.js', import.meta.url).pathname
/** Fifty kills must not see the end of it; the other disasters take less time, and half of its seeds. */
const large: ToySettings = { seeds: 6, levels: 10, milliseconds: 20, dataset: { name: 'hashes' } }
const settings: ToySettings = { ...large, seeds: 3 }
/** Of each seed a dense network, and a ticket and a control a level. */
const stagesOf = ({ seeds, levels }: ToySettings) => seeds * (1 + 2 * levels)
const arguments_ = (store: string, grid = settings) => [program, store, JSON.stringify(grid)]

/** Fifty kills with THOROUGH=1, as .ci/run has it. */
const KILLS = process.env.THOROUGH === '1' ? 50 : 8

let base: string
/** Of the large grid. */
let undisturbed: Record<string, unknown>
let folder: string
let store: Store

/** Runs the large grid in this process, in many lanes. */
async function runHere(where: Store): Promise<void> {
  const cells = await benchmark.experiments[0]!.plan(large)
  await execute(batchesOf(cells), { store: where, where: { kinds: benchmark.kinds }, workers: 16 })
}

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'disasters-'))
  const reference = await openStore(join(base, 'reference'))
  await runHere(reference)
  undisturbed = await contents(reference)
  expect(Object.keys(undisturbed)).toHaveLength(stagesOf(large))
})
afterAll(() => rm(base, { recursive: true, force: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(base, 'case-'))
  store = await openStore(join(folder, 'store'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Starts the grid as the leader of a process group of its own. */
const start = (grid = settings) =>
  spawn(process.execPath, arguments_(store.location, grid), { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })

/** Changes as soon as a worker does anything. */
async function checkpoints(): Promise<string> {
  const folder = dirname(store.checkpointPath('-'))
  const names = await readdir(folder).catch(() => [])
  const times = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => ({ mtimeMs: 0 }))))
  return names.map((name, i) => `${name} ${times[i]!.mtimeMs}`).join()
}

const ended = async (child: ChildProcess) => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

async function workersOf({ pid }: ChildProcess): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.trim().split(' ').filter(Boolean).map(Number)
}

async function expectUndisturbed(grid = settings): Promise<void> {
  const cells = await benchmark.experiments[0]!.plan(grid)
  expect(cells).toHaveLength(stagesOf(grid))
  expect(await contents(store)).toEqual(Object.fromEntries(cells.map(({ stage: { id } }) => [id, undisturbed[id]])))
  // Nor was anything half-written on the way, set aside and made again.
  const names = await readdir(store.location, { recursive: true })
  expect(names.filter((name) => name.endsWith('.damaged'))).toEqual([])
  expect(await verifyStore(store)).toMatchObject({ damagedRecords: [], damagedArtifacts: [], incomplete: [] })
  expect(await store.leases.list()).toEqual([])
  await collectGarbage(store)
  expect(await readdir(join(store.location, 'tmp'))).toEqual([])
  expect(await readdir(join(store.location, 'checkpoints'))).toEqual([])
}

test(
  `${KILLS} kills -9 of the whole process tree at random moments lose nothing and change nothing`,
  async () => {
    const moments = stream(1, 'moments of death')
    const kept: number[] = []
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = await checkpoints()
      const child = start(large)
      const inWork = kill % 2 === 1
      // Every other one at any moment of the start, the rest in the middle of work.
      if (inWork) while (child.exitCode === null && (await checkpoints()) === before) await sleep(10)
      await sleep((inWork ? 300 : 600) * moments.uniform())
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch {
        // It was done.
      }
      await ended(child)
      kept.push((await store.records.list()).length)
    }
    expect(kept).toEqual(kept.toSorted((a, b) => a - b))
    // The kills hit work: some of it was done by the last of them, and some was left when half of them, or 25, were over.
    expect(kept.at(-1)).toBeGreaterThan(Math.min(KILLS / 5, 10))
    expect(kept[Math.min(Math.floor(KILLS / 2), 25) - 1]).toBeLessThan(stagesOf(large))
    await runHere(store)
    await expectUndisturbed(large)
  },
  30_000 + 6000 * KILLS,
)

test('workers that are killed one after the other are replaced, and their stages taken over', async () => {
  const child = start()
  const told = text(child.stderr!)
  const killed = new Set<number>()
  const seen = new Set<number>()
  let kept = 0
  while (child.exitCode === null && killed.size < 5) {
    const workers = await workersOf(child)
    // One in the middle of work, three as they start in its place, more often than a stage is tried, and one in work again.
    const inWork = killed.size % 4 === 0
    const records = (await store.records.list()).length
    const victim = inWork ? workers[0] : workers.find((pid) => !seen.has(pid))
    if (victim === undefined || killed.has(victim) || (inWork && records === kept)) {
      await sleep(10)
      continue
    }
    for (const pid of workers) seen.add(pid)
    kept = records
    process.kill(victim, 'SIGKILL')
    killed.add(victim)
  }
  await ended(child)
  expect(killed.size).toBe(5)
  expect(child.exitCode, await told).toBe(0)
  await expectUndisturbed()
})

test('three benches race on one store: each stage runs once, and all of them end with the whole grid', async () => {
  const outputs = await Promise.all(
    [0, 200, 400].map(async (delay) => {
      await sleep(delay)
      const child = start()
      let text = ''
      child.stdout!.on('data', (part) => {
        text += part
      })
      await once(child, 'close')
      expect(child.exitCode).toBe(0)
      return JSON.parse(text) as { started: string[] }
    }),
  )
  const started = outputs.flatMap((output) => output.started)
  expect(started.length).toBe(stagesOf(settings))
  expect(new Set(started).size).toBe(started.length)
  await expectUndisturbed()
})

test('a bench that was killed leaves its stages to another that is running', async () => {
  const holds = async ({ pid }: ChildProcess) => (await store.leases.list()).some((lease) => lease.pid === pid)
  const untilAtWork = async (child: ChildProcess) => {
    while (!(await holds(child))) {
      expect(child.exitCode ?? child.signalCode, 'it ended before it was seen at work').toBe(null)
      await sleep(5)
    }
  }
  const benches = [start()]
  const signal = (child: ChildProcess, name: NodeJS.Signals) => process.kill(-child.pid!, name)
  try {
    const [first] = benches as [ChildProcess]
    // Stopped in the middle of work, it cannot end before the other is at work, however slow the machine is.
    do {
      signal(first, 'SIGCONT')
      await untilAtWork(first)
      signal(first, 'SIGSTOP')
    } while (!(await holds(first)))
    const second = start()
    benches.push(second)
    await untilAtWork(second)
    signal(first, 'SIGKILL')
    await ended(second)
    expect(second.exitCode).toBe(0)
  } finally {
    for (const bench of benches) if ((bench.exitCode ?? bench.signalCode) === null) signal(bench, 'SIGKILL')
  }
  await expectUndisturbed()
})

/** How to mount a small file system here: as root, or in a namespace of one's own. */
const mountable = [
  {
    run: [] as string[],
    test: ['sh', '-c', 'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && umount "$d" && rmdir "$d"'],
  },
  {
    run: ['unshare', '--mount', '--map-root-user'],
    test: ['unshare', '--mount', '--map-root-user', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'],
  },
].find(({ test: [command, ...rest] }) => spawnSync(command!, rest).status === 0)

/** What befalls the file system that a bench works on, in shell; how it is told; and what mends it. */
const failures = [
  {
    name: 'fills up',
    before: 'head -c 1900000 /dev/zero > "$SMALL/big"',
    during: ':',
    told: /^The disk of the store .* is full \(ENOSPC\): free some space .*$/,
    after: 'rm "$SMALL/big"',
  },
  {
    name: 'becomes read-only',
    before: ':',
    during:
      'until ls "$SMALL"/store/records/*/*.json; do sleep 0.1; done; until mount -o remount,ro "$SMALL"; do sleep 0.01; done',
    told: /^The store .* cannot be used \(EROFS\): make it readable and writable, .*$/,
    after: 'mount -o remount,rw "$SMALL"',
  },
]

// Without the right to mount there is nothing to test; CI has it, and must not pass without.
const needed = process.env.CI !== undefined && process.platform === 'linux'

describe.skipIf(mountable === undefined && !needed)('a file system', () => {
  test.each(failures)(
    'that $name ends the bench with one sentence; mended, the rest runs to the same store',
    async ({ before, during, told, after }) => {
      expect(mountable, 'CI cannot mount a tmpfs: run it as root, or allow user namespaces').toBeDefined()
      const small = join(folder, 'small')
      const script = `
        set -e
        mkdir "$SMALL" && mount -t tmpfs -o size=2m,nr_inodes=4k tmpfs "$SMALL"
        ${before}
        set +e
        "$@" 2> "$SMALL.err" & bench=$!
        ${during}
        wait $bench; echo $? > "$SMALL.code"
        set -e
        ls -R "$SMALL/store" > "$SMALL.ls"
        ${after}
        "$@" > /dev/null
        cp -r "$SMALL/store" "$STORE"
        umount "$SMALL"`
      const [command, ...rest] = [...mountable!.run, 'sh', '-c', script, 'sh', process.execPath]
      execFileSync(command!, [...rest, ...arguments_(join(small, 'store'))], {
        env: { ...process.env, SMALL: small, STORE: store.location },
        stdio: 'pipe',
      })
      const read = (ending: string) => readFile(`${small}.${ending}`, 'utf8')
      expect((await read('code')).trim()).toBe('1')
      expect(await read('err')).toMatch(told)
      // Something was done before.
      expect((await read('ls')).match(/[0-9a-f]{64}\.json/g)!.length).toBeGreaterThan(1)
      await expectUndisturbed()
    },
  )
})
