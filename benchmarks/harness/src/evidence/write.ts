/** Writes evidence for git: of each seed its records and the artifacts worth keeping. */
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
import { ARTIFACTS, artifactsIn, type Evidence, openEvidence, RECORDS } from './read.js'

export interface Exported {
  readonly seed: number
  /** Unchanged: the folder has all of it already. Left out: some of its stages have not run, or none that are its own. */
  readonly state: 'written' | 'unchanged' | 'left out'
  readonly stages: number
  readonly stored: number
  /** Masks, curves and the like that the store has lost: a fresh clone has to make them again. */
  readonly lost: number
}

export interface ExportOptions {
  readonly folder: string
  /**
   * Whether seeds that are not whole are exported too, as far as they have run: no claim counts them, but the next run goes on
   * from there. Default false.
   */
  readonly partial?: boolean
  /** What other experiments have committed: a seed that is not whole and has nothing beyond it stays out. */
  readonly others?: Evidence
}

/** Exports a grid into a folder, a pair of files a seed. A stage that seeds share is in the file of the first of them. */
export async function exportEvidence(
  cells: readonly Cell[],
  store: Store,
  { folder, partial = false, others }: ExportOptions,
): Promise<Exported[]> {
  const exported: Exported[] = []
  const committed = openEvidence([folder], () => {})
  const written = new Set<string>()
  const seeds = [...new Set(cells.map(({ seed }) => seed))]
  for (const [i, batch] of batchesOf(cells).entries()) {
    const seed = seeds[i]!
    const stages = topological(batch).filter(({ id }) => !written.has(id))
    const found = await Promise.all(
      stages.map(async (stage) => ({
        stage,
        // What is committed came first, and first wins.
        record: (await committed.record(stage.id)) ?? (await store.records.get(stage.id)),
      })),
    )
    const stored = found.filter(hasRecord)
    const counts = { seed, stages: stages.length, stored: stored.length }
    const whole = stored.length === stages.length
    if (stored.length === 0 || (!whole && !(partial && (await hasOwn(stored, others))))) {
      exported.push({ ...counts, lost: 0, state: 'left out' })
      continue
    }
    for (const { id } of stages) written.add(id)
    const { changed, lost } = await writeSeed(join(folder, `seed-${seed}`), stored, store)
    exported.push({ ...counts, lost, state: changed ? 'written' : 'unchanged' })
  }
  return exported
}

async function hasOwn(stored: readonly Done[], others: Evidence | undefined): Promise<boolean> {
  const elsewhere = await Promise.all(stored.map(({ stage }) => others?.record(stage.id)))
  return elsewhere.includes(undefined)
}

interface Done {
  readonly stage: Stage
  readonly record: StageRecord
}

async function writeSeed(path: string, stages: readonly Done[], store: Store) {
  const text = stages.map(({ record }) => encodeRecord(record)).join('')
  const tensors: Record<string, NamedTensors[string]> = {}
  let lost = 0
  for (const { stage, record } of stages) {
    for (const name of stage.kind.evidence ?? []) {
      const hash = record.deterministic.artifacts[name]
      const data = hash === undefined ? undefined : await store.artifacts.get(hash)
      if (hash !== undefined && data === undefined) lost += 1
      if (data !== undefined) tensors[hash!] = { dtype: 'uint8', shape: [data.length], data }
    }
  }
  const [lines, artifacts] = [
    await readFile(path + RECORDS, 'utf8').catch(() => ''),
    await artifactsIn(path + ARTIFACTS, () => {}),
  ]
  if (lines === text && Object.keys(tensors).every((hash) => artifacts.has(hash))) return { changed: false, lost }
  await ensureWritable(dirname(path), { what: 'The evidence', remedy: 'make it writable, or work in another checkout' })
  const packed = await promisify(gzip)(encodeSafetensors(tensors), { level: 9 })
  await writeAtomic(path + ARTIFACTS, packed)
  // Last: what it names is there by now.
  await writeAtomic(path + RECORDS, text)
  return { changed: true, lost }
}

const hasRecord = (one: { readonly stage: Stage; readonly record: StageRecord | undefined }): one is Done =>
  one.record !== undefined
