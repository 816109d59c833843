/** `tickets evidence export`, and what a fresh clone makes of what it wrote. */
import { createHash } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { decodeSafetensors } from '@winning-tickets/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClaimRecord } from '../claims/types.js'
import type { Cell } from '../experiment/types.js'
import { createStage } from '../stage/create.js'
import { openStore } from '../store/disk.js'
import { decodeRecord, encodeRecord } from '../store/record.js'
import type { Store } from '../store/types.js'
import { built, makeBenchmark, makeBenchmarks, ticketsHere } from '../testing/command-line.js'
import { contents } from '../testing/contents.js'
import { planToy, runCells, runToy, smoke } from '../testing/run-toy.js'
import { chain } from '../testing/toy.js'

const FILES = ['seed-1.jsonl', 'seed-1.safetensors.gz', 'seed-2.jsonl', 'seed-2.safetensors.gz']
let folder: string
let benchmarks: string
let evidence: string
let store: Store

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evidence-'))
  benchmarks = makeBenchmarks(join(folder, 'benchmarks'), ['toy'])
  evidence = join(benchmarks, 'toy', 'results', 'toy', 'smoke')
  store = await openStore(join(folder, 'store'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** With a store of the given name: 'store' has the runs, others are empty. */
const tickets = (args: readonly string[], where: string) =>
  ticketsHere([...args, '--store', join(folder, where)], { benchmarks })

/** Exports the smoke profile, which must succeed, and returns its lines but the last. */
async function exported(where = 'store'): Promise<string[]> {
  const { status, stdout, stderr } = await tickets(['evidence', 'export', '-p', 'smoke'], where)
  expect([status, stderr]).toEqual([0, ''])
  const lines = stdout.trimEnd().split('\n')
  expect(lines.pop()).toBe(`Results: ${join(folder, 'RESULTS.md')}`)
  return lines
}

/** The evidence's files: names with contents in hexadecimal. */
async function committed(): Promise<Record<string, string>> {
  const names = (await readdir(evidence)).filter((name) => name.startsWith('seed-'))
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(evidence, name), 'hex')])),
  )
}

/** A store of a fresh clone: empty, over the committed evidence. */
async function freshStore(): Promise<{ fresh: Store; warnings: string[] }> {
  const warnings: string[] = []
  const options = { evidence: [evidence], onWarning: (message: string) => warnings.push(message) }
  return { fresh: await openStore(join(folder, 'fresh'), options), warnings }
}

const claims = async (where: string, ...args: string[]) => {
  const { stdout, stderr } = await tickets(['claims', '--json', ...args], where)
  return { records: JSON.parse(stdout) as ClaimRecord[], warnings: stderr.trim().split('\n').filter(Boolean) }
}

/** A run that a later experiment adds to the dense network of seed 1: it needs weights, which evidence does not hold. */
async function later(): Promise<{ dense: Cell['stage']; cells: Cell[] }> {
  const [{ stage: dense }] = (await planToy(smoke)) as [Cell]
  const stage = await createStage(chain, { value: 99 }, { inputs: { ticket: dense }, label: 'later' })
  return { dense, cells: [{ arm: 'later', level: 1, density: 0.8, seed: 1, stage }] }
}

describe('export', () => {
  it('counts what another experiment has committed of the same stages', async () => {
    await runToy(store, smoke)
    await exported()
    const shared = `import { benchmark as toy } from '${built('testing/toy.js')}'
      export const benchmark = { ...toy, claims: [], experiments: [{ ...toy.experiments[0], name: 'other' }] }`
    makeBenchmark(join(benchmarks, 'other'), shared)
    const { stdout } = await tickets(['evidence', 'export', 'other', '-p', 'smoke'], 'empty')
    expect(stdout).toMatch(/^other smoke, seed 1: 5 stages, written/)
    const own = join(benchmarks, 'other', 'results', 'other', 'smoke', 'seed-2.jsonl')
    expect(await readFile(own, 'utf8')).toBe(await readFile(join(evidence, 'seed-2.jsonl'), 'utf8'))
  })

  it('leaves out a seed that has nothing but what another experiment has committed', async () => {
    await runToy(store, smoke)
    await exported()
    const more = `import { benchmark as toy, chain } from '${built('testing/toy.js')}'
      import { createStage } from '${built('stage/create.js')}'
      const [first] = toy.experiments
      const plan = async (settings) => {
        const [dense, ...others] = await first.plan(settings)
        const options = { inputs: { ticket: dense.stage }, label: 'later' }
        return [dense, ...others, { ...dense, arm: 'later', stage: await createStage(chain, { value: 99 }, options) }]
      }
      export const benchmark = { ...toy, claims: [], experiments: [{ ...first, name: 'more', plan }] }`
    makeBenchmark(join(benchmarks, 'more'), more)
    const exportMore = async (where: string) =>
      (await tickets(['evidence', 'export', 'more', '-p', 'smoke', '--partial'], where)).stdout
    expect(await exportMore('empty')).toMatch(/^more smoke, seed 1: left out, 5 of 6 stages have run\n/)
    const { cells } = await later()
    await runCells(store, cells)
    expect(await exportMore('store')).toMatch(/^more smoke, seed 1: 6 stages, written\n/)
  })

  it('writes a pair of files for each seed that is whole, and no more', async () => {
    await runToy(store, { ...smoke, seeds: 1 })
    const [, first] = (await planToy(smoke)).filter(({ seed }) => seed === 2)
    await runCells(store, [first!])
    expect(await exported()).toEqual([
      'toy smoke, seed 1: 5 stages, written',
      'toy smoke, seed 2: left out, 2 of 5 stages have run',
    ])
    expect(Object.keys(await committed())).toEqual(FILES.slice(0, 2))
    const lines = (await readFile(join(evidence, FILES[0]!), 'utf8')).trimEnd().split('\n')
    const records = lines.map((line) => decodeRecord(line, JSON.parse(line).deterministic.id).deterministic)
    const { tensors } = decodeSafetensors(gunzipSync(await readFile(join(evidence, FILES[1]!))))
    // What the kind names, and not the states on which later stages stand.
    expect(Object.keys(tensors).sort()).toEqual(records.map(({ artifacts }) => artifacts.bits).sort())
    for (const [hash, { data }] of Object.entries(tensors)) {
      expect(createHash('sha256').update(data).digest('hex')).toBe(hash)
    }
  })

  it('writes what there is of other seeds on request, and a fresh clone goes on from there', async () => {
    const cells = await planToy(smoke)
    await runCells(
      store,
      cells.filter(({ seed, arm }) => seed === 1 || arm === 'ticket'),
    )
    const { stdout } = await tickets(['evidence', 'export', '-p', 'smoke', '--partial'], 'store')
    expect(stdout).toContain(
      'toy smoke, seed 1: 5 stages, written\ntoy smoke, seed 2: written, 3 of 5 stages have run\n',
    )
    const { fresh } = await freshStore()
    const { started } = await runCells(fresh, cells)
    // The two controls that are missing, and what they stand on, whose artifacts evidence does not hold.
    expect(started.filter((label) => label.startsWith('reinit'))).toEqual([
      'reinit, level 1, seed 2',
      'reinit, level 2, seed 2',
    ])
    expect(started.every((label) => label.endsWith('seed 2'))).toBe(true)
    await runToy(store, smoke)
    for (const { stage } of cells)
      expect(await fresh.records.get(stage.id)).toEqual(
        expect.objectContaining({ deterministic: (await store.records.get(stage.id))!.deterministic }),
      )
  })

  it('changes nothing the second time, nor from the evidence alone', async () => {
    await runToy(store, smoke)
    await exported()
    const before = await committed()
    expect(Object.keys(before)).toEqual(FILES)
    const unchanged = ['toy smoke, seed 1: 5 stages, unchanged', 'toy smoke, seed 2: 5 stages, unchanged']
    const page = await readFile(join(folder, 'RESULTS.md'), 'utf8')
    for (const where of ['store', 'fresh']) {
      expect(await exported(where)).toEqual(unchanged)
      expect(await committed()).toEqual(before)
      expect(await readFile(join(folder, 'RESULTS.md'), 'utf8')).toBe(page)
    }
    // The same bytes once more, from the same store.
    await rm(evidence, { recursive: true })
    expect(await exported()).toEqual(unchanged.map((line) => line.replace('unchanged', 'written')))
    expect(await committed()).toEqual(before)
  })

  it('takes the profiles small and paper if none is named, and writes RESULTS.md of all that is committed', async () => {
    await runToy(store, smoke)
    await exported()
    const { stdout } = await tickets(['evidence', 'export', 'toy', '--json'], 'store')
    const seeds = (profile: string, number: number, stages: number) =>
      Array.from({ length: number }, (_, i) => ({
        paper: 'toy',
        profile,
        seed: i + 1,
        state: 'left out',
        stages,
        stored: 0,
        lost: 0,
      }))
    expect(JSON.parse(stdout)).toEqual([...seeds('small', 3, 9), ...seeds('paper', 5, 41)])
    const page = await readFile(join(folder, 'RESULTS.md'), 'utf8')
    expect(page).toContain('## Chains of hashes\n\n### Profile `smoke`: hashes (synthetic), 2 seeds')
    expect(page).toMatch(
      /\| TOY-1 \| Hashes are spread \| \*\*supported\*\* \|.*\[records\]\(benchmarks\/toy\/results\/toy\/smoke\)/,
    )
    expect(page).not.toContain('Profile `small`')
  })

  it('makes damaged files whole again from the store', async () => {
    await runToy(store, smoke)
    await exported()
    const before = await committed()
    await truncate(join(evidence, FILES[1]!), 100)
    await truncate(join(evidence, FILES[2]!), 100)
    const { status, stdout } = await tickets(['evidence', 'export', '-p', 'smoke'], 'store')
    expect([status, stdout.match(/written/g)]).toEqual([0, ['written', 'written']])
    expect(await committed()).toEqual(before)
  })

  it('refuses a place that cannot be written in one sentence', async () => {
    await runToy(store, smoke)
    await writeFile(join(benchmarks, 'toy', 'results'), '')
    const { status, stdout, stderr } = await tickets(['evidence', 'export', '-p', 'smoke'], 'store')
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      /^tickets: The evidence cannot be written to .*results\/toy\/smoke \(ENOTDIR\): make it writable.*\.\n$/,
    )
  })
})

describe('a fresh clone', () => {
  beforeEach(async () => {
    await runToy(store, smoke)
    await exported()
  })

  it('has the verdicts of the store that the evidence came from, and a bench runs nothing', async () => {
    const { records, warnings } = await claims('fresh')
    expect(warnings).toEqual([])
    expect(records[0]).toMatchObject({ id: 'TOY-1', verdict: 'supported', profile: 'smoke', seeds: 2 })
    // Into another place, so that it is the store that has it.
    await rm(evidence, { recursive: true })
    expect((await claims('store')).records).toEqual(records)
    await exported()

    const bench = await tickets(['bench', 'toy', '--json'], 'fresh')
    expect(bench.status).toBe(0)
    expect(JSON.parse(bench.stdout)).toEqual(records)
    expect(
      bench.stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([{ type: 'planned', total: 10, pending: 0, workers: expect.any(Number) }])
    expect(await readdir(folder)).not.toContain('fresh')
  })

  it('makes weights again when a later stage needs them, to the same bits', async () => {
    const { fresh, warnings } = await freshStore()
    const { dense, cells } = await later()
    const told = await runCells(fresh, cells)
    expect(told).toEqual({ started: ['dense, seed 1', 'later'], warnings: [] })
    expect(warnings).toEqual([])
    expect(await fresh.records.get(dense.id)).toEqual(await store.records.get(dense.id))
    const { state } = (await contents(store))[dense.id]!.artifacts as { state: string }
    expect((await fresh.artifacts.list()).has(state)).toBe(true)
    await runCells(store, cells)
    const { [cells[0]!.stage.id]: child } = await contents(store)
    expect((await contents(fresh))[cells[0]!.stage.id]).toEqual(child)
  })

  it('goes on with its own weights where the evidence has other bits, and says so', async () => {
    const { dense, cells } = await later()
    // As another machine would have made it: a sound record of the same stage with other weights.
    const file = join(evidence, FILES[0]!)
    const [first, ...rest] = (await readFile(file, 'utf8')).split('\n')
    const { deterministic, observed } = decodeRecord(first!, dense.id)
    const artifacts = { ...deterministic.artifacts, state: '5'.repeat(64) }
    const other = encodeRecord({ deterministic: { ...deterministic, artifacts }, observed })
    await writeFile(file, [other.trimEnd(), ...rest].join('\n'))

    const { fresh } = await freshStore()
    expect(await claims('fresh')).toMatchObject({ warnings: [], records: [{ seeds: 2 }, {}] })
    const { started, warnings } = await runCells(fresh, cells)
    expect(started).toEqual(['dense, seed 1', 'later'])
    expect(warnings).toEqual([
      `The artifacts of toy/chain stage ${dense.id.slice(0, 8)} were lost, and this machine made others in their place.`,
    ])
    expect((await fresh.records.get(dense.id))!.deterministic).toEqual(deterministic)
    expect(await fresh.records.get(cells[0]!.stage.id)).toBeDefined()
  })

  it.each<[string, (line: string) => string]>([
    ['cut short', (line) => line.slice(0, 150)],
    ['of other content', (line) => line.replace('"steps":3', '"steps":4')],
    ['no record at all', () => '{"deterministic":{}}'],
    ['half of a merge', (line) => `<<<<<<< HEAD\n${line}`],
  ])('takes a line that is %s for missing, warns once, and uses the rest', async (_, damage) => {
    const file = join(evidence, FILES[0]!)
    const lines = (await readFile(file, 'utf8')).split('\n')
    await writeFile(file, [...lines.slice(0, 2), damage(lines[2]!), ...lines.slice(3)].join('\n'))
    const { records, warnings } = await claims('fresh', '-p', 'smoke')
    expect(warnings).toEqual([
      expect.stringMatching(
        /^warning: .*seed-1\.jsonl:3 is damaged \(.*\) and counts as missing: restore it with git\.$/,
      ),
    ])
    const isMissing = !damage(lines[2]!).includes(lines[2]!)
    expect(records[0]!.seeds).toBe(isMissing ? 1 : 2)
    // A stage that is missing runs again, with what it stands on.
    const { fresh } = await freshStore()
    expect((await runToy(fresh, smoke)).started.at(-1)).toBe(isMissing ? 'ticket, level 1, seed 1' : undefined)
    expect((await tickets(['evidence', 'export', '-p', 'smoke'], 'fresh')).status).toBe(0)
    expect(await claims('elsewhere')).toMatchObject({ warnings: [], records: [{ seeds: 2 }, {}] })
  })

  it('takes truncated artifacts for missing, warns once, and uses the records', async () => {
    await truncate(join(evidence, FILES[1]!), 60)
    expect(await claims('fresh')).toMatchObject({ warnings: [], records: [{ seeds: 2 }, {}] })
    const { fresh, warnings } = await freshStore()
    const { cells } = await later()
    expect((await runCells(fresh, cells)).started).toEqual(['dense, seed 1', 'later'])
    const others = (await planToy(smoke)).map(({ stage }) => stage.id)
    const records = await Promise.all(others.map(fresh.records.get))
    for (const record of records) await fresh.artifacts.get(record!.deterministic.artifacts.bits!)
    expect(warnings).toEqual([
      expect.stringMatching(/seed-1\.safetensors\.gz is damaged \(unexpected end of file\) and counts as missing/),
    ])
  })

  it('tells of a file that cannot be read, and uses the rest', async () => {
    await rm(join(evidence, FILES[0]!))
    await appendFile(join(evidence, FILES[2]!), '\n')
    await mkdir(join(evidence, FILES[0]!))
    const { records, warnings } = await claims('fresh', '-p', 'smoke')
    expect(records[0]!.seeds).toBe(1)
    expect(warnings).toEqual([expect.stringMatching(/seed-1\.jsonl is damaged \(EISDIR.*\) and counts as missing/)])
  })
})
