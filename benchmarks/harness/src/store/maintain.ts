/** Keeping a store in order: checking all of it, and throwing away what nobody needs. */
import { join } from 'node:path'
import { UserError } from '@winning-tickets/core'
import type { Store } from './types.js'

export interface Verification {
  readonly records: number
  readonly artifacts: number
  /** Ids of records that were damaged; they now count as missing. */
  readonly damagedRecords: readonly string[]
  /** Hashes of artifacts that were damaged; they now count as missing. */
  readonly damagedArtifacts: readonly string[]
  /** Records that point to artifacts which are not there; these are made again when somebody needs them. */
  readonly incomplete: readonly string[]
}

/** Reads every byte of a store and checks it against its hash; what is damaged is set aside. */
export async function verifyStore(
  store: Store,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Verification> {
  const ids = await store.records.list()
  const hashes = [...(await store.artifacts.list()).keys()]
  const total = ids.length + hashes.length
  let done = 0
  for (const hash of hashes) {
    await store.artifacts.get(hash)
    onProgress(++done, total)
  }
  const incomplete: string[] = []
  for (const id of ids) {
    const record = await store.records.get(id)
    const there = await Promise.all(Object.values(record?.deterministic.artifacts ?? {}).map(store.artifacts.has))
    if (!there.every(Boolean)) incomplete.push(id)
    onProgress(++done, total)
  }
  // Reading set them aside.
  const [soundRecords, soundArtifacts] = [new Set(await store.records.list()), await store.artifacts.list()]
  return {
    records: ids.length,
    artifacts: hashes.length,
    damagedRecords: ids.filter((id) => !soundRecords.has(id)),
    damagedArtifacts: hashes.filter((hash) => !soundArtifacts.has(hash)),
    incomplete,
  }
}

export interface Garbage {
  readonly records: readonly string[]
  readonly artifacts: readonly string[]
  readonly files: readonly string[]
  /** Of artifacts and files. */
  readonly bytes: number
}

/**
 * Finds, and removes unless `dryRun`, what nobody needs: artifacts that no record points to, leftovers of crashes, and
 * the given records.
 *
 * @param unwanted ids of records to drop
 * @throws UserError while a process runs a stage: what it has just made has no record yet
 */
export async function collectGarbage(
  store: Store,
  { unwanted = [], dryRun = false }: { readonly unwanted?: readonly string[]; readonly dryRun?: boolean } = {},
): Promise<Garbage> {
  // In this order: what is listed and has no record later, though nobody is at work in between, never gets one.
  const there = await store.artifacts.list()
  const files = [...(await store.leftovers.list())]
  if (!dryRun) await refuseWhileInUse(store)
  const dropped = new Set(unwanted)
  const wanted = new Set<string>()
  for (const id of await store.records.list()) {
    if (dropped.has(id)) continue
    const record = await store.records.get(id)
    for (const hash of Object.values(record?.deterministic.artifacts ?? {})) wanted.add(hash)
  }
  const artifacts = [...there].filter(([hash]) => !wanted.has(hash))
  if (!dryRun) {
    for (const id of unwanted) await store.records.remove(id)
    for (const [hash] of artifacts) await store.artifacts.remove(hash)
    for (const [path] of files) await store.leftovers.remove(path)
  }
  return {
    records: [...unwanted],
    artifacts: artifacts.map(([hash]) => hash),
    files: files.map(([path]) => path),
    bytes: [...artifacts, ...files].reduce((sum, [, size]) => sum + size, 0),
  }
}

async function refuseWhileInUse({ leases, location }: Store): Promise<void> {
  const [running] = await leases.list()
  if (running === undefined) return
  const { id, label, pid, host, here } = running
  // Whether a process on another machine, in another container or before a reboot still lives cannot be seen from here.
  const gone = here ? '' : ` (if it is gone, delete ${join(location, 'leases', `${id}.json`)})`
  throw new UserError(
    `Process ${pid} on ${host} uses the store ${location} (${label}): wait until it ends, or stop it${gone}.`,
  )
}
