/** A store in a folder, shared by any number of processes. */
import { createHash } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { openEvidence } from '../evidence/read.js'
import { exists, guarded, probe, publish, readIfThere, removeStale, StoreError, sizesOf } from './files.js'
import { type LeaseOptions, openLeases } from './leases.js'
import { decodeRecord, describeDamage, encodeRecord } from './record.js'
import type { StageRecord, Store } from './types.js'

/**
 * Layout of the folder: store.json, records/<2 digits>/<id>.json, artifacts/<2 digits>/<sha256>, leases/<id>.json,
 * checkpoints/<id>, tmp/.
 */
const VERSION = 1
const FORMAT = 'winning-tickets store'

export interface StoreOptions {
  /** Told of damaged files, one sentence each. */
  readonly onWarning?: (message: string) => void
  /** Folders of committed evidence, whose records and artifacts count as the store's own. */
  readonly evidence?: readonly string[]
  /** How fast leases are given up; for tests. */
  readonly leases?: LeaseOptions
}

/**
 * Opens the store in a folder, which is made at the first write if there is none.
 *
 * @throws StoreError if the folder is something else, is of a newer version or cannot be read
 */
export async function openStore(location: string, options: StoreOptions = {}): Promise<Store> {
  const { onWarning = () => {}, evidence = [] } = options
  await guarded(location, () => checkFolder(location))
  const temporary = join(location, 'tmp')
  const artifactPath = (hash: string) => join(location, 'artifacts', hash.slice(0, 2), hash)
  const recordPath = (id: string) => join(location, 'records', id.slice(0, 2), `${id}.json`)

  let made: Promise<void> | undefined
  const prepare = () => {
    made ??= makeFolder(location, temporary)
    return made
  }
  const write = (path: string, content: Uint8Array | string, ifThere: 'replace' | 'keep') =>
    guarded(location, async () => {
      await prepare()
      return publish(path, content, temporary, ifThere)
    })
  const committed = openEvidence(evidence, onWarning)
  const setAside = async (path: string, why: string) => {
    onWarning(`${path} is damaged (${why}); it is kept as ${path}.damaged and counts as missing.`)
    // Another reader may have been faster.
    await guarded(location, () => rename(path, `${path}.damaged`).catch(ignoreMissing))
  }

  const artifacts: Store['artifacts'] = {
    async get(hash) {
      const path = artifactPath(hash)
      const bytes = await guarded(location, () => readIfThere(path))
      if (bytes !== undefined && sha256(bytes) === hash) return bytes
      if (bytes !== undefined) await setAside(path, 'its content does not match its name')
      return committed.artifact(hash)
    },
    async put(bytes) {
      const hash = sha256(bytes)
      await write(artifactPath(hash), bytes, 'replace')
      return hash
    },
    list: () => guarded(location, () => sizesOf(join(location, 'artifacts'), (name) => isHash(name))),
    remove: (hash) => guarded(location, () => rm(artifactPath(hash), { force: true })),
    has: async (hash) =>
      (await guarded(location, () => exists(artifactPath(hash)))) || (await committed.artifact(hash)) !== undefined,
  }

  const records: Store['records'] = {
    async get(id) {
      const path = recordPath(id)
      const bytes = await guarded(location, () => readIfThere(path))
      if (bytes === undefined) return committed.record(id)
      try {
        return decodeRecord(bytes.toString('utf8'), id)
      } catch (error) {
        await setAside(path, describeDamage(error))
        return committed.record(id)
      }
    },
    async put(record) {
      const { id } = record.deterministic
      const first = (await committed.record(id)) ?? record
      const text = encodeRecord(first)
      if (await write(recordPath(id), text, 'keep')) return first
      const kept = await records.get(id)
      if (kept !== undefined) return kept
      await write(recordPath(id), text, 'replace')
      return first
    },
    async replace(record: StageRecord) {
      await write(recordPath(record.deterministic.id), encodeRecord(record), 'replace')
    },
    list: () =>
      guarded(location, async () => {
        const files = await sizesOf(join(location, 'records'), (name) => isHash(name.replace(/\.json$/, '')))
        return [...files.keys()].map((name) => name.replace(/\.json$/, '')).sort()
      }),
    remove: (id) => guarded(location, () => rm(recordPath(id), { force: true })),
  }

  const leases = openLeases(join(location, 'leases'), temporary, options.leases)
  return {
    location,
    evidence,
    prepare: () => guarded(location, prepare),
    artifacts,
    records,
    leases: {
      take: (id, label) =>
        guarded(location, async () => {
          await prepare()
          return leases.take(id, label)
        }),
      list: () => guarded(location, leases.list),
    },
    checkpointPath: (id) => join(location, 'checkpoints', id),
    leftovers: {
      list: () => guarded(location, () => leftovers(location, records.get, leases.list)),
      remove: (path) => guarded(location, () => rm(path, { force: true })),
    },
  }
}

const ignoreMissing = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'ENOENT') throw error
}

const isHash = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)

/** Damaged files that were set aside, checkpoints of stages that are done, and what killed processes left behind. */
async function leftovers(
  location: string,
  recordOf: Store['records']['get'],
  running: Store['leases']['list'],
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for (const part of ['records', 'artifacts']) {
    const damaged = await sizesOf(join(location, part), (name) => name.endsWith('.damaged'), 'paths')
    for (const [path, size] of damaged) found.set(path, size)
  }
  for (const [path, size] of await sizesOf(join(location, 'checkpoints'), () => true, 'paths')) {
    const name = basename(path)
    // A checkpoint that is being written has a longer name.
    if (!isHash(name) || (await recordOf(name)) !== undefined) found.set(path, size)
  }
  const leases = await sizesOf(join(location, 'leases'), () => true, 'paths')
  const living = new Set((await running()).map(({ id }) => `${id}.json`))
  for (const [path, size] of leases) if (!living.has(basename(path))) found.set(path, size)
  for (const [path, size] of await sizesOf(join(location, 'tmp'), () => true, 'paths')) found.set(path, size)
  return found
}

async function checkFolder(location: string): Promise<void> {
  const header = await readIfThere(join(location, 'store.json'))
  if (header === undefined) {
    const names = (await exists(location)) ? await readdir(location) : []
    if (names.every((name) => name === 'tmp')) return
    if (names.includes('records')) throw headerError(location, 'is missing')
    throw new StoreError(
      `${location} holds other files and is no store of winning-tickets: give --store a new or empty folder.`,
    )
  }
  const version = headerVersion(header.toString('utf8'))
  if (version === undefined) {
    throw headerError(location, 'is damaged')
  }
  if (version > VERSION) {
    throw new StoreError(
      `The store ${location} has version ${version} and this program reads up to ${VERSION}: update winning-tickets or choose another with --store DIR.`,
    )
  }
}

const headerError = (location: string, what: string) =>
  new StoreError(
    `${join(location, 'store.json')} ${what}: write {"format":"${FORMAT}","version":${VERSION}} into it, or choose another folder with --store DIR.`,
  )

/** The version that a store.json gives, or undefined if it is damaged. */
function headerVersion(text: string): number | undefined {
  try {
    return z.object({ format: z.literal(FORMAT), version: z.int().min(1) }).parse(JSON.parse(text)).version
  } catch {
    return undefined
  }
}

async function makeFolder(location: string, temporary: string): Promise<void> {
  const header = `${JSON.stringify({ format: FORMAT, version: VERSION })}\n`
  // Another process, maybe a newer one, may have come first.
  if (!(await publish(join(location, 'store.json'), header, temporary, 'keep'))) await checkFolder(location)
  // Now rather than after the first minutes of training.
  for (const part of ['checkpoints', 'leases']) await probe(join(location, part))
  await removeStale(temporary)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
