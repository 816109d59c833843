/** A store in a folder, shared by any number of processes. */
import { createHash } from 'node:crypto'
import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { exists, guarded, publish, readIfThere, removeStale, StoreError } from './files.js'
import { decodeRecord, encodeRecord } from './record.js'
import type { StageRecord, Store } from './types.js'

/** Layout of the folder: store.json, records/<2 digits>/<id>.json, artifacts/<2 digits>/<sha256>, tmp/. */
const VERSION = 1
const FORMAT = 'winning-tickets store'

export interface StoreOptions {
  /** Told of damaged files, one sentence each. */
  readonly onWarning?: (message: string) => void
}

/**
 * Opens the store in a folder, which is made at the first write if there is none.
 *
 * @throws StoreError if the folder is something else, is of a newer version or cannot be read
 */
export async function openStore(location: string, { onWarning = () => {} }: StoreOptions = {}): Promise<Store> {
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
  const setAside = async (path: string, why: string) => {
    onWarning(`${path} is damaged (${why}); it is kept as ${path}.damaged and counts as missing.`)
    await guarded(location, () => rename(path, `${path}.damaged`))
  }

  const artifacts: Store['artifacts'] = {
    async get(hash) {
      const path = artifactPath(hash)
      const bytes = await guarded(location, () => readIfThere(path))
      if (bytes === undefined || sha256(bytes) === hash) return bytes
      await setAside(path, 'its content does not match its name')
      return undefined
    },
    async put(bytes) {
      const hash = sha256(bytes)
      await write(artifactPath(hash), bytes, 'replace')
      return hash
    },
    has: (hash) => guarded(location, () => exists(artifactPath(hash))),
  }

  const records: Store['records'] = {
    async get(id) {
      const path = recordPath(id)
      const bytes = await guarded(location, () => readIfThere(path))
      if (bytes === undefined) return undefined
      try {
        return decodeRecord(bytes.toString('utf8'), id)
      } catch (error) {
        await setAside(path, describe(error))
        return undefined
      }
    },
    async put(record) {
      const { id } = record.deterministic
      const text = encodeRecord(record)
      if (await write(recordPath(id), text, 'keep')) return record
      const first = await records.get(id)
      if (first !== undefined) return first
      await write(recordPath(id), text, 'replace')
      return record
    },
    async replace(record: StageRecord) {
      await write(recordPath(record.deterministic.id), encodeRecord(record), 'replace')
    },
  }
  return { location, prepare: () => guarded(location, prepare), artifacts, records }
}

async function checkFolder(location: string): Promise<void> {
  const header = await readIfThere(join(location, 'store.json'))
  if (header === undefined) {
    const names = (await exists(location)) ? await readdir(location) : []
    if (names.every((name) => name === 'tmp')) return
    throw new StoreError(
      `${location} holds other files and is no store of winning-tickets: give --store a new or empty folder.`,
    )
  }
  const version = headerVersion(header.toString('utf8'))
  if (version === undefined) {
    throw new StoreError(
      `${join(location, 'store.json')} is damaged: write {"format":"winning-tickets store","version":1} into it, or choose another folder with --store DIR.`,
    )
  }
  if (version > VERSION) {
    throw new StoreError(
      `The store ${location} has version ${version} and this program reads up to ${VERSION}: update winning-tickets or choose another with --store DIR.`,
    )
  }
}

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
  await removeStale(temporary)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function describe(error: unknown): string {
  if (error instanceof z.ZodError) return `its "${error.issues[0]?.path.join('.')}" is not as it should be`
  if (error instanceof SyntaxError) return 'it is not JSON'
  return error instanceof Error ? error.message : String(error)
}
