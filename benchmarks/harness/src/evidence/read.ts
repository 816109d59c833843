/**
 * Committed evidence: what a fresh clone knows of runs that others made. A folder holds two files a seed,
 * <name>.jsonl with a record a line, and <name>.safetensors.gz with the artifacts that records point to, as byte tensors
 * named by their hash: masks and curves, not weights, which are made again when somebody needs them.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { decodeSafetensors } from '@winning-tickets/core'
import { z } from 'zod'
import { decodeRecord, describeDamage } from '../store/record.js'
import type { StageRecord } from '../store/types.js'

export interface Evidence {
  record(id: string): Promise<StageRecord | undefined>
  /** Bytes whose SHA-256 is `hash`, checked. */
  artifact(hash: string): Promise<Uint8Array | undefined>
  /** The ids of all records. */
  ids(): Promise<readonly string[]>
}

export const RECORDS = '.jsonl'
export const ARTIFACTS = '.safetensors.gz'

/**
 * Evidence in some folders; those that do not exist are empty. Files are read when they are first asked for. Damaged
 * ones count as missing, and are told of in a sentence.
 */
export function openEvidence(folders: readonly string[], onWarning: (message: string) => void): Evidence {
  let lines: Promise<ReadonlyMap<string, Line>> | undefined
  let bytes: Promise<ReadonlyMap<string, Uint8Array>> | undefined
  const told = new Set<string>()
  const warn = (message: string) => {
    if (!told.has(message)) onWarning(message)
    told.add(message)
  }
  const index = () => {
    lines ??= readLines(folders, warn)
    return lines
  }
  return {
    async record(id) {
      const line = (await index()).get(id)
      if (line === undefined) return undefined
      try {
        return decodeRecord(line.text, id)
      } catch (error) {
        warn(damaged(line.place, describeDamage(error)))
        return undefined
      }
    },
    async artifact(hash) {
      bytes ??= readArtifacts(folders, warn)
      return (await bytes).get(hash)
    },
    ids: async () => [...(await index()).keys()],
  }
}

interface Line {
  readonly text: string
  /** File and line number. */
  readonly place: string
}

async function readLines(folders: readonly string[], warn: (message: string) => void) {
  const found = new Map<string, Line>()
  for (const file of await filesIn(folders, RECORDS)) {
    const text = await readFile(file, 'utf8').catch((error) => void warn(damaged(file, describeDamage(error))))
    for (const [i, line] of (text ?? '').split('\n').entries()) {
      if (line === '') continue
      const place = `${file}:${i + 1}`
      const id = idIn(line)
      if (id === undefined) warn(damaged(place, 'it is no record'))
      else found.set(id, { text: line, place })
    }
  }
  return found
}

const headSchema = z.object({ deterministic: z.object({ id: z.string().regex(/^[0-9a-f]{64}$/) }) })

/** The id that a line gives; the rest of the line is checked when it is asked for. */
function idIn(line: string): string | undefined {
  try {
    return headSchema.parse(JSON.parse(line)).deterministic.id
  } catch {
    return undefined
  }
}

async function readArtifacts(folders: readonly string[], warn: (message: string) => void) {
  const found = new Map<string, Uint8Array>()
  for (const file of await filesIn(folders, ARTIFACTS)) {
    for (const [hash, data] of await artifactsIn(file, warn)) found.set(hash, data)
  }
  return found
}

/** The artifacts in one file, checked, by their hash. */
export async function artifactsIn(file: string, warn: (message: string) => void): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  try {
    const { tensors } = decodeSafetensors(await promisify(gunzip)(await readFile(file)))
    for (const [hash, { data }] of Object.entries(tensors)) {
      if (!(data instanceof Uint8Array) || createHash('sha256').update(data).digest('hex') !== hash) {
        warn(damaged(file, `the content of ${hash.slice(0, 8)} does not match its name`))
      } else found.set(hash, data)
    }
  } catch (error) {
    warn(damaged(file, describeDamage(error)))
  }
  return found
}

const damaged = (place: string, why: string): string =>
  `${place} is damaged (${why}) and counts as missing: restore it with git.`

async function filesIn(folders: readonly string[], ending: string): Promise<string[]> {
  const lists = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(folder).catch(() => []))
        .filter((name) => name.endsWith(ending))
        .sort()
        .map((name) => join(folder, name)),
    ),
  )
  return lists.flat()
}
