/** Writes evidence for git: of each seed that is whole, its records and the artifacts worth keeping. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { encodeSafetensors, type NamedTensors, writeAtomic } from '@winning-tickets/core'
import { topological } from '../execute/plan.js'
import { batchesOf } from '../experiment/results.js'
import type { Cell } from '../experiment/types.js'
import type { Stage } from '../stage/types.js'
import { ensureWritable } from '../store/files.js'
import { encodeRecord } from '../store/record.js'
import type { StageRecord, Store } from '../store/types.js'
import { ARTIFACTS, artifactsIn, RECORDS } from './read.js'

export interface Exported {
  readonly seed: number
  /** Unchanged: the folder has all of it already. Partial: some of its stages have not run. */
  readonly state: 'written' | 'unchanged' | 'partial'
  readonly stages: number
  readonly stored: number
}

/** Exports a grid into a folder, a pair of files a seed. A stage that seeds share is in the file of the first of them. */
export async function exportEvidence(cells: readonly Cell[], store: Store, folder: string): Promise<Exported[]> {
  const exported: Exported[] = []
  const written = new Set<string>()
  const seeds = [...new Set(cells.map(({ seed }) => seed))]
  for (const [i, batch] of batchesOf(cells).entries()) {
    const seed = seeds[i]!
    const stages = topological(batch).filter(({ id }) => !written.has(id))
    const records = (await Promise.all(stages.map(({ id }) => store.records.get(id)))).filter(isThere)
    const counts = { seed, stages: stages.length, stored: records.length }
    if (records.length < stages.length) {
      exported.push({ ...counts, state: 'partial' })
      continue
    }
    for (const { id } of stages) written.add(id)
    const changed = await writeSeed(join(folder, `seed-${seed}`), stages, records, store)
    exported.push({ ...counts, state: changed ? 'written' : 'unchanged' })
  }
  return exported
}

async function writeSeed(path: string, stages: readonly Stage[], records: readonly StageRecord[], store: Store) {
  const text = records.map(encodeRecord).join('')
  const tensors: Record<string, NamedTensors[string]> = {}
  for (const [i, { kind }] of stages.entries()) {
    for (const name of kind.evidence ?? []) {
      const hash = records[i]!.deterministic.artifacts[name]
      const data = hash === undefined ? undefined : await store.artifacts.get(hash)
      if (data !== undefined) tensors[hash!] = { dtype: 'uint8', shape: [data.length], data }
    }
  }
  const [lines, artifacts] = [
    await readFile(path + RECORDS, 'utf8').catch(() => ''),
    await artifactsIn(path + ARTIFACTS, () => {}),
  ]
  if (lines === text && Object.keys(tensors).every((hash) => artifacts.has(hash))) return false
  await ensureWritable(dirname(path), { what: 'The evidence', remedy: 'make it writable, or work in another checkout' })
  const packed = await promisify(gzip)(encodeSafetensors(tensors), { level: 9 })
  await writeAtomic(path + ARTIFACTS, packed)
  // Last: what it names is there by now.
  await writeAtomic(path + RECORDS, text)
  return true
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined
