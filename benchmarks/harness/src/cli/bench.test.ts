/** `tickets bench` in real processes on toy benchmarks: verdicts, reruns, dry runs, failures, Ctrl-C. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClaimRecord } from '../claims/types.js'
import type { Stage } from '../stage/types.js'
import { chain } from '../testing/toy.js'
import { duration } from './duration.js'
import { Pace } from './pace.js'

const dist = (path: string) => new URL(`../../dist/${path}`, import.meta.url).href
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-'))
  for (const name of ['toy', 'failing']) {
    const project = join(folder, 'benchmarks', name)
    mkdirSync(project, { recursive: true })
    writeFileSync(join(project, 'package.json'), '{"winning-tickets": {"benchmark": "./index.mjs"}}')
    writeFileSync(join(project, 'index.mjs'), `export { benchmark } from '${dist(`testing/${name}.js`)}'`)
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Arguments of node and its options: the command line as bin/tickets.js runs it, on the toy benchmarks. */
function commandLine(args: readonly string[]) {
  const benchmarks = JSON.stringify(join(folder, 'benchmarks'))
  const script = `const { main } = await import('${dist('cli/main.js')}')
    await main(['node', 'tickets', ...process.argv.slice(1)], { benchmarks: ${benchmarks} })`
  const { WT_DEBUG: _, ...env } = process.env
  return {
    args: ['--input-type=module', '-e', script, '--', ...args],
    env: { ...env, TICKETS_STORE: join(folder, 'store') },
  }
}

function tickets(...args: string[]) {
  const line = commandLine(args)
  return spawnSync(process.execPath, line.args, { encoding: 'utf8', env: line.env, timeout: 60_000 })
}

const recordCount = () =>
  readdirSync(join(folder, 'store', 'records'), { recursive: true }).filter((name) => String(name).endsWith('.json'))
    .length

describe('tickets claims', () => {
  it('judges the largest complete profile, so that the start of a longer run does not hide it', () => {
    const profile = (...args: string[]) => {
      const [record] = JSON.parse(tickets('claims', 'toy', '--json', ...args).stdout) as [ClaimRecord]
      return [record.profile, record.seeds]
    }
    tickets('bench', 'toy', '--json')
    expect(profile()).toEqual(['smoke', 2])
    // One of the three seeds of `small`.
    tickets('bench', 'toy', '--profile', 'small', '--seeds', '1', '--json')
    expect(profile()).toEqual(['smoke', 2])
    expect(profile('--profile', 'small')).toEqual(['small', 1])
    expect(profile('--seeds', '1')).toEqual(['small', 1])
    tickets('bench', 'toy', '--profile', 'small', '--json')
    expect(profile()).toEqual(['small', 3])
  })
})

describe('tickets bench', () => {
  it('prices the grid, runs it, judges it, and the second time runs nothing', () => {
    const before = tickets('bench', 'toy', '--dry-run', '--workers', '2', '--json')
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

    const first = tickets('bench', 'toy', '--json')
    expect(first.status).toBe(0)
    const records: ClaimRecord[] = JSON.parse(first.stdout)
    expect(records.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['TOY-1', 'supported'],
      ['TOY-2', 'inconclusive'],
    ])
    const events = first.stderr.trim().split('\n')
    const finished = events.map((line): { type: string } => JSON.parse(line)).filter(({ type }) => type === 'finished')
    expect(finished).toHaveLength(10)
    expect(recordCount()).toBe(10)

    const second = tickets('bench', 'toy')
    expect(second.status).toBe(0)
    expect(second.stderr).toBe('toy smoke: all 10 stages are stored\n')
    expect(second.stdout).toMatch(/TOY-1.*supported/s)
    expect(JSON.parse(tickets('claims', 'toy', '--json').stdout)).toEqual(records)
  })

  it('names a failed stage with its config, runs the rest, and ends with 1', () => {
    const { status, stdout, stderr } = tickets('bench', 'failing')
    expect(status).toBe(1)
    expect(stderr).toContain('failed: the bad one: value 1 is not to its liking')
    expect(stderr).toContain('"fails":true')
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stdout).toContain('BAD-1')
    expect(recordCount()).toBe(1)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('stops within two seconds of %s and says how to go on', async (signal) => {
    const { args, env } = commandLine(['bench', 'toy', '--profile', 'paper'])
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
