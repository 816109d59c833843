/** `tickets bench` with worker processes on toy benchmarks: verdicts, reruns, dry runs, failures, deadlines, Ctrl-C. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClaimRecord } from '../claims/types.js'
import type { Stage } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import { built, commandLine, makeBenchmark, makeBenchmarks, ticketsBuilt } from '../testing/command-line.js'
import { contents } from '../testing/contents.js'
import { runToy, small, smoke } from '../testing/run-toy.js'
import { chain } from '../testing/toy.js'
import { enough } from './claims.js'
import { duration, parseDuration } from './duration.js'
import { Pace } from './pace.js'
import { watcher } from './progress.js'

let folder: string
let benchmarks: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-'))
  benchmarks = makeBenchmarks(join(folder, 'benchmarks'), ['toy', 'failing'])
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const surroundings = () => ({ benchmarks, env: { TICKETS_STORE: join(folder, 'store') } })
const tickets = (...args: string[]) => ticketsBuilt(args, surroundings())
const store = (name = 'store') => openStore(join(folder, name))

const recordCount = () =>
  readdirSync(join(folder, 'store', 'records'), { recursive: true }).filter((name) => String(name).endsWith('.json'))
    .length

/** What a bench with --json told on standard error. */
const events = (stderr: string): { readonly type: string; readonly [key: string]: unknown }[] =>
  stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('tickets claims', () => {
  it('takes three seeds of a profile for enough, or all if it has fewer', () => {
    expect([enough(2, 5), enough(3, 5), enough(1, 2), enough(2, 2)]).toEqual([false, true, false, true])
  })

  it('judges the largest such profile, so that the start of a longer run does not hide it', async () => {
    const profile = async (...args: string[]) => {
      const [record] = JSON.parse((await tickets('claims', 'toy', '--json', ...args)).stdout) as [ClaimRecord]
      return [record.profile, record.seeds]
    }
    await runToy(await store(), smoke)
    expect(await profile()).toEqual(['smoke', 2])
    // One of the three seeds of `small`.
    await runToy(await store(), { ...small, seeds: 1 })
    expect(await profile()).toEqual(['smoke', 2])
    expect(await profile('--profile', 'small')).toEqual(['small', 1])
    expect(await profile('--seeds', '1')).toEqual(['small', 1])
    await runToy(await store(), small)
    expect(await profile()).toEqual(['small', 3])
  })
})

describe('tickets bench', () => {
  it('prices the grid, runs it, judges it, and the second time runs nothing', async () => {
    const before = await tickets('bench', 'toy', '--dry-run', '--workers', '2', '--json')
    expect(existsSync(join(folder, 'store'))).toBe(false)
    // Two seeds: the dense network and two rounds of tickets each, and a control of every round.
    expect(JSON.parse(before.stdout)).toMatchObject({
      profile: 'smoke',
      workers: 2,
      arms: [
        { arm: 'ticket', runs: 6, stored: 0, pending: 6 },
        { arm: 'reinit', runs: 4, stored: 0, pending: 4 },
      ],
    })

    const first = await tickets('bench', 'toy', '--json')
    expect(first.status).toBe(0)
    const records: ClaimRecord[] = JSON.parse(first.stdout)
    expect(records.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['TOY-1', 'supported'],
      ['TOY-2', 'inconclusive'],
    ])
    expect(events(first.stderr).filter(({ type }) => type === 'finished')).toHaveLength(10)
    expect(recordCount()).toBe(10)

    const second = await tickets('bench', 'toy')
    expect(second.status).toBe(0)
    expect(second.stderr).toBe('toy smoke: all 10 stages are stored\n')
    expect(second.stdout).toMatch(/TOY-1.*supported/s)
    expect(JSON.parse((await tickets('claims', 'toy', '--json')).stdout)).toEqual(records)
  })

  it('runs some of the seeds, by which claims are judged too', async () => {
    const { status, stdout, stderr } = await tickets('bench', 'toy', '--seeds', '2-3', '--json')
    expect([status, events(stderr).filter(({ type }) => type === 'finished').length]).toEqual([0, 10])
    const seeds = (json: string) => (JSON.parse(json) as [ClaimRecord])[0].seeds
    expect(seeds(stdout)).toBe(2)
    const judged = await tickets('claims', 'toy', '--profile', 'smoke', '--seeds', '3-5', '--json')
    expect(seeds(judged.stdout)).toBe(1)
  })

  it('names a failed stage with its config, runs the rest, and ends with 1', async () => {
    const { status, stdout, stderr } = await tickets('bench', 'failing')
    expect(status).toBe(1)
    expect(stderr).toContain('failed: the bad one: value 1 is not to its liking')
    expect(stderr).toContain('"fails":true')
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stdout).toContain('BAD-1')
    expect(recordCount()).toBe(1)

    const json = await tickets('bench', 'failing', '--json')
    expect(json.status).toBe(1)
    expect(events(json.stderr).find(({ type }) => type === 'failed')).toMatchObject({
      label: 'the bad one',
      message: 'value 1 is not to its liking',
      kind: 'toy/chain',
      config: { value: 1, fails: true },
    })
  })

  it('runs several experiments as one set, and reports on each', async () => {
    const out = join(folder, 'reports')
    const { status, stdout, stderr } = await tickets('bench', '--json', '--out', out)
    expect(status).toBe(1)
    expect(events(stderr).filter(({ type }) => type === 'planned')).toMatchObject([{ total: 13, pending: 13 }])
    expect(events(stderr).find(({ type }) => type === 'failed')).toMatchObject({ label: 'failing: the bad one' })
    expect((JSON.parse(stdout) as ClaimRecord[]).map(({ id }) => id).sort()).toEqual(['BAD-1', 'TOY-1', 'TOY-2'])
    expect(readdirSync(out).sort()).toEqual(['failing', 'toy'])
    for (const name of readdirSync(out)) expect(readdirSync(join(out, name))).toContain('index.html')

    const again = await tickets('bench', '--out', out)
    expect(again.stderr).toContain('failing, toy smoke: 2 stages to run, 11 stored')
    expect(again.stderr).toContain('failed: failing: the bad one: value 1 is not to its liking\n  toy/chain stage')
    expect(again.stdout).toMatch(/Chains of hashes, one of which breaks.*BAD-1.*\nChains of hashes\n.*TOY-1/s)
  })

  it('runs what it has the data for, and names what it has not', async () => {
    const lacking = makeBenchmarks(join(folder, 'lacking'), ['lacking', 'toy'])
    const env = { TICKETS_STORE: join(folder, 'store'), TICKETS_DATA_DIR: folder, XDG_CACHE_HOME: folder }
    const without = (...args: string[]) => ticketsBuilt(['bench', ...args], { benchmarks: lacking, env })
    const both = await without()
    expect(both.status).toBe(1)
    expect(both.stdout).toMatch(/TOY-1.*supported/s)
    expect(both.stderr).toMatch(/\nlacking did not run: .*cifar10-jpeg/)
    const json = await without('--json')
    expect(json.status).toBe(1)
    expect(events(json.stderr).at(-1)).toMatchObject({ type: 'no data', experiment: 'lacking' })
    await expect(without('lacking')).resolves.toMatchObject({ status: 1, stdout: '' })
  })

  it('keeps the reports of what was done before Ctrl-C', async () => {
    const out = join(folder, 'reports')
    const { args, env } = commandLine(['bench', '--profile', 'paper', '--out', out], surroundings())
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const exit = once(child, 'close')
    while (!existsSync(join(out, 'failing', 'index.html'))) await sleep(20)
    child.kill('SIGINT')
    expect(await exit).toEqual([130, null])
    expect(stdout).toContain('Chains of hashes, one of which breaks')
    expect(stdout).not.toContain('TOY-1')
    expect(existsSync(join(out, 'toy', 'index.html'))).toBe(false)
    expect(stderr).toMatch(/Interrupted: \d+ of 208 stages are in .*store; run the same command to go on\.\n$/)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('stops within two seconds of %s and says how to go on', async (signal) => {
    const { args, env } = commandLine(['bench', 'toy', '--profile', 'paper'], surroundings())
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const exit = once(child, 'exit')
    while (!existsSync(join(folder, 'store', 'records')) || recordCount() === 0) await sleep(20)
    const sent = performance.now()
    child.kill(signal)
    expect(await exit).toEqual([130, null])
    expect(performance.now() - sent).toBeLessThan(2000)
    expect(stderr).toMatch(/Interrupted: \d+ of 205 stages are in .*store; run the same command to go on\.\n$/)
  })
})

describe('tickets bench --for', () => {
  /** The toy benchmark with a grid of its own at the profile `small`. */
  function grid(settings: object): void {
    makeBenchmark(
      join(benchmarks, 'toy'),
      `import { benchmark as toy } from '${built('testing/toy.js')}'
      const [experiment] = toy.experiments
      const small = { ...experiment.profiles.small, ...${JSON.stringify(settings)} }
      export const benchmark = { ...toy, experiments: [{ ...experiment, profiles: { ...experiment.profiles, small } }] }`,
    )
  }
  const bench = (...args: string[]) => tickets('bench', 'toy', '-p', 'small', '-w', '2', ...args)

  it('ends in time, says how to go on, reports whole seeds, and goes on to the store of an undisturbed run', async () => {
    // 90 stages of about 360 ms: 16 s for two workers, which take some seconds to start on a busy machine.
    const settings = { seeds: 30, levels: 1, milliseconds: 120 }
    grid(settings)
    const began = performance.now()
    const { status, stdout, stderr } = await bench('--for', '8s')
    const seconds = (performance.now() - began) / 1000
    expect(status).toBe(0)
    expect(seconds).toBeGreaterThan(7)
    expect(seconds).toBeLessThan(10)
    const [, done] = /Out of time: (\d+) of 90 stages are in .*store; run the same command to go on/.exec(stderr)!
    expect(Number(done)).toBe(recordCount())
    expect(Number(done)).toBeGreaterThan(0)
    const [, seeds] = /profile small, (\d+) seeds?/.exec(stdout)!
    // Two workers are at no more than two seeds at a time; one stage of a third may be there.
    expect(Number(seeds)).toBeGreaterThanOrEqual(Math.floor(Number(done) / 3) - 2)
    expect(Number(seeds)).toBeLessThanOrEqual(Number(done) / 3)
    expect(await (await store()).leases.list()).toEqual([])

    await runToy(await store(), { ...small, ...settings })
    await runToy(await store('undisturbed'), { ...small, ...settings })
    expect(await contents(await store())).toEqual(await contents(await store('undisturbed')))
    const again = await bench('--for', '8s', '--json')
    expect(events(again.stderr)).toMatchObject([{ type: 'planned', total: 90, pending: 0 }])
    expect(JSON.parse(again.stdout)[0]).toMatchObject({ verdict: 'supported', profile: 'small', seeds: 30 })
  })

  it('begins no stage that would not be done in time, and says what to do', async () => {
    grid({ seeds: 1, levels: 1, milliseconds: 2000 })
    const json = await bench('--for', '5s', '--json')
    expect(json.status).toBe(0)
    expect(events(json.stderr)).toEqual([
      { type: 'planned', total: 3, pending: 3, workers: 2 },
      { type: 'out of time', done: 0, total: 3, store: join(folder, 'store') },
    ])
    expect(JSON.parse(json.stdout)[0]).toMatchObject({ verdict: 'not run', seeds: 0 })
    expect((await bench('--for', '5s')).stderr).toMatch(
      /run the same command to go on, with a longer --for if no stage fits/,
    )
  })
})

describe('progress', () => {
  it('tells a warning once, whoever warns', () => {
    const { write } = process.stderr
    let text = ''
    process.stderr.write = (part: string | Uint8Array) => {
      text += part
      return true
    }
    try {
      const { onEvent, close } = watcher('toy smoke', { json: false })
      for (const message of ['a is damaged', 'b is damaged', 'a is damaged']) onEvent({ type: 'warning', message })
      close()
    } finally {
      process.stderr.write = write
    }
    expect(text).toBe('toy smoke: warning: a is damaged\ntoy smoke: warning: b is damaged\n')
  })

  it.each([
    ['150m', 9000],
    ['2h', 7200],
    ['1h30m', 5400],
    ['45s', 45],
    ['1h1m1s', 3661],
  ])('takes %s for %i seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds))
})

describe('time left', () => {
  const stage = (id: string, seconds: number): Stage => ({
    id,
    kind: chain,
    config: {},
    inputs: {},
    identity: { dataHash: null, traceHashes: {}, semantics: {} },
    cost: { steps: 10, seconds },
    label: id,
  })

  it('follows the estimates first and the pace of the run later', () => {
    let now = 0
    const pace = new Pace(() => now)
    const [a, b] = [stage('a', 30), stage('b', 10)]
    pace.plan([a, b], 2)
    expect(pace.secondsLeft).toBe(20)
    now = 60_000
    pace.advance(a, 0.5)
    pace.settle(b)
    // 25 of 40 seconds' worth took 60 s; the other 15 take 36 s at that pace.
    expect(pace.fraction).toBe(0.625)
    expect(pace.secondsLeft).toBeCloseTo(36)
    pace.restart(a)
    expect(pace.fraction).toBe(0.25)
  })

  it.each([
    [59.4, '59 s'],
    [200, '3 min 20 s'],
    [7500, '2 h 05 min'],
    [-1, '0 s'],
  ])('%s seconds read %s', (seconds, text) => expect(duration(seconds)).toBe(text))
})
