/** The text of a record: written canonically, and checked in every respect when read. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { stageId } from '../stage/create.js'
import { canonicalJson, type Json, type JsonObject } from '../stage/json.js'
import type { Deterministic, StageRecord } from './types.js'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(json), z.record(z.string(), json)]),
)
const object: z.ZodType<JsonObject> = z.record(z.string(), json)

const recordSchema = z.strictObject({
  hash,
  deterministic: z.strictObject({
    id: hash,
    kind: z.string(),
    config: object,
    inputs: z.record(z.string(), hash),
    identity: z.strictObject({
      dataHash: z.string().nullable(),
      traceHashes: z.record(z.string(), z.string()),
      semantics: z.record(z.string(), z.int()),
    }),
    result: object,
    artifacts: z.record(z.string(), hash),
  }),
  observed: z
    .object({
      host: z.string(),
      cpu: z.string(),
      engine: z.string(),
      node: z.string(),
      seconds: z.number(),
      finishedAt: z.string(),
    })
    .catchall(json),
})

/** SHA-256 of the deterministic part: equal for equal outcomes on any machine. */
export function deterministicHash(deterministic: Deterministic): string {
  return createHash('sha256').update(canonicalJson(deterministic, 'A record')).digest('hex')
}

export function encodeRecord(record: StageRecord): string {
  const { deterministic, observed } = record
  return `${canonicalJson({ deterministic, hash: deterministicHash(deterministic), observed }, 'A record')}\n`
}

/**
 * A record from its text.
 *
 * @throws Error that says what is wrong: not JSON, a missing field, another stage's id, a changed content
 */
export function decodeRecord(text: string, id: string): StageRecord {
  const { deterministic, observed, hash: stored } = recordSchema.parse(JSON.parse(text))
  if (deterministic.id !== id || stageId(deterministic) !== id) throw new Error('it describes another stage')
  if (deterministicHash(deterministic) !== stored) throw new Error('its content does not match its hash')
  return { deterministic, observed }
}

/** What is wrong with a record that `decodeRecord` refused, in a few words. */
export function describeDamage(error: unknown): string {
  if (error instanceof z.ZodError) return `its "${error.issues[0]?.path.join('.')}" is not as it should be`
  if (error instanceof SyntaxError) return 'it is not JSON'
  return error instanceof Error ? error.message : String(error)
}
