/** The store on disk: round trips, damage, races, versions. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stageId } from '../stage/create.js'
import { openStore } from './disk.js'
import { ensureWritable, StoreError } from './files.js'
import type { StageRecord, Store } from './types.js'

let folder: string
let warnings: string[]
let store: Store

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  warnings = []
  store = await openStore(folder, { onWarning: (message) => warnings.push(message) })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function record(rate: number, result: number, host = 'a'): StageRecord {
  const meaning = {
    kind: 'toy',
    config: { rate },
    inputs: {},
    identity: { dataHash: null, traceHashes: {}, semantics: { order: 1 } },
  }
  return {
    deterministic: { ...meaning, id: stageId(meaning), result: { result }, artifacts: {} },
    observed: { host, cpu: 'x', engine: 'none', node: '20', seconds: 1.5, finishedAt: '2026-01-01T00:00:00.000Z' },
  }
}

const recordFile = ({ deterministic: { id } }: StageRecord) => join(folder, 'records', id.slice(0, 2), `${id}.json`)

describe('artifacts', () => {
  test('are kept under the SHA-256 of their bytes', async () => {
    const hash = await store.artifacts.put(Buffer.from('abc'))
    // FIPS 180-2, appendix B.1.
    expect(hash).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(await store.artifacts.has(hash)).toBe(true)
    expect(Buffer.from((await store.artifacts.get(hash))!).toString()).toBe('abc')
    expect(await store.artifacts.get('0'.repeat(64))).toBeUndefined()
  })

  test('that are damaged count as missing, with a warning that names the file, and can be put again', async () => {
    const hash = await store.artifacts.put(Buffer.from('weights'))
    const file = join(folder, 'artifacts', hash.slice(0, 2), hash)
    await writeFile(file, 'weighty')
    expect(await store.artifacts.get(hash)).toBeUndefined()
    expect(await store.artifacts.has(hash)).toBe(false)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(file)
    await store.artifacts.put(Buffer.from('weights'))
    expect(await store.artifacts.has(hash)).toBe(true)
  })
})

describe('records', () => {
  test('the first of an id wins', async () => {
    const first = record(1, 10, 'first')
    expect(await store.records.put(first)).toEqual(first)
    expect(await store.records.put(record(1, 11, 'second'))).toEqual(first)
    expect(await (await openStore(folder)).records.get(first.deterministic.id)).toEqual(first)
  })

  test('of many racing stores exactly one wins, and all return it', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(folder)))
    const kept = await Promise.all(stores.map((each, i) => each.records.put(record(1, i))))
    expect(new Set(kept.map(({ deterministic }) => deterministic.result.result)).size).toBe(1)
    expect(await readdir(join(folder, 'tmp'))).toEqual([])
  })

  test.each<[string, (text: string) => string]>([
    ['cut short', (text) => text.slice(0, 100)],
    ['empty', () => ''],
    ['another result', (text) => text.replace('"result":10', '"result":99')],
    ['another config', (text) => text.replace('"rate":1', '"rate":2')],
    ['a missing field', (text) => text.replace('"kind":"toy",', '')],
    ['zeros after a crash', (text) => '\0'.repeat(text.length)],
  ])('damaged (%s) count as missing, and can be put again', async (_, damage) => {
    const intact = record(1, 10)
    await store.records.put(intact)
    const text = await readFile(recordFile(intact), 'utf8')
    expect(damage(text)).not.toBe(text)
    await writeFile(recordFile(intact), damage(text))
    expect(await store.records.get(intact.deterministic.id)).toBeUndefined()
    expect(warnings.join()).toContain(recordFile(intact))
    await writeFile(recordFile(intact), damage(text))
    const again = record(1, 12)
    expect(await store.records.put(again)).toEqual(again)
    expect(await store.records.get(intact.deterministic.id)).toEqual(again)
  })
})

describe('the folder', () => {
  test('is made at the first write only', async () => {
    const inner = join(folder, 'not', 'there')
    const other = await openStore(inner)
    expect(await other.records.get('0'.repeat(64))).toBeUndefined()
    expect(await readdir(folder)).toEqual([])
    await other.artifacts.put(Buffer.from('x'))
    expect(JSON.parse(await readFile(join(inner, 'store.json'), 'utf8'))).toMatchObject({ version: 1 })
  })

  test('of a newer version, with other files, or with a damaged head is refused in one sentence', async () => {
    const cases = [
      ['newer', { 'store.json': '{"format":"winning-tickets store","version":7}' }, /version 7 .* update/],
      ['other', { 'thesis.tex': '' }, /no store .* --store/],
      ['head', { 'store.json': '{"for' }, /store\.json is damaged/],
    ] as const
    for (const [name, files, message] of cases) {
      await mkdir(join(folder, name))
      for (const [file, content] of Object.entries(files)) await writeFile(join(folder, name, file), content)
      const error: unknown = await openStore(join(folder, name)).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(StoreError)
      expect(error).toHaveProperty('message', expect.stringMatching(message))
    }
  })

  test('that cannot be written is one sentence with the remedy', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(openStore(join(folder, 'file', 'store'))).rejects.toThrow(/cannot be used \(ENOTDIR\): .*--store/)
  })

  test('that the system refuses to make is an error, not an endless wait', async () => {
    // A file stands in the way everywhere; /proc answers ENOENT on Linux, at which Node's recursive mkdir never returns.
    await writeFile(join(folder, 'plain'), '')
    const places = [join(folder, 'plain'), ...(process.platform === 'linux' ? ['/proc/no'] : [])]
    for (const place of places) {
      const where = join(place, 'deep', 'er')
      const error = await ensureWritable(where, { what: 'The report', remedy: 'use --out DIR' }).catch(
        (e: unknown) => e,
      )
      expect(error).toHaveProperty('message', expect.stringMatching(/The report cannot be written to .*--out DIR\.$/))
    }
    await ensureWritable(join(folder, 'new', 'place'), { what: 'The report', remedy: 'use --out DIR' })
    expect(await readdir(join(folder, 'new', 'place'))).toEqual([])
  })

  test('loses old temporary files, not young ones', async () => {
    await mkdir(join(folder, 'tmp'))
    await writeFile(join(folder, 'tmp', 'old'), '')
    await writeFile(join(folder, 'tmp', 'young'), '')
    const days = Date.now() / 1000 - 2 * 24 * 3600
    await utimes(join(folder, 'tmp', 'old'), days, days)
    const hash = await store.artifacts.put(new Uint8Array())
    expect(hash).toBe(createHash('sha256').digest('hex'))
    expect(await readdir(join(folder, 'tmp'))).toEqual(['young'])
  })
})
