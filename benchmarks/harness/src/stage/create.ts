/** Makes stages: checks a config, writes its defaults out and derives the id. */
import { createHash } from 'node:crypto'
import { UserError } from '@winning-tickets/core'
import { canonicalJson, type JsonObject, toJsonObject } from './json.js'
import type { Stage, StageIdentity, StageKind } from './types.js'

export interface StageOptions {
  readonly inputs?: Readonly<Record<string, Stage>>
  readonly label?: string
}

/**
 * One node of the graph of stages.
 *
 * @throws UserError if the config does not fit the kind's schema
 */
export async function createStage<Config extends object, Input>(
  kind: StageKind<Config, Input>,
  config: Input,
  { inputs = {}, label }: StageOptions = {},
): Promise<Stage> {
  const parsed = parseConfig(kind, config)
  const canonical = toJsonObject(parsed, `The config of a ${kind.name} stage`)
  const identity = await stageIdentity(kind, parsed)
  const inputIds = Object.fromEntries(Object.entries(inputs).map(([name, stage]) => [name, stage.id]))
  const id = stageId({ kind: kind.name, config: canonical, inputs: inputIds, identity })
  const cost = kind.cost(parsed)
  return { id, kind, config: canonical, inputs, identity, cost, label: label ?? `${kind.name} ${id.slice(0, 8)}` }
}

/** A config with its defaults written out; UserError if it does not fit the kind's schema. */
export function parseConfig<Config extends object>(kind: StageKind<Config>, config: unknown): Config {
  const parsed = kind.schema.safeParse(config)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'config'}: ${message}`)
  throw new UserError(`Correct the config of the ${kind.name} stage (${issues.join('; ')}).`)
}

/** Data, traced graphs and semantics of a config, as they enter the id. */
export async function stageIdentity<Config extends object>(
  kind: StageKind<Config>,
  config: Config,
): Promise<StageIdentity> {
  const { dataHash, traceHashes } = await kind.identity(config)
  return { dataHash: dataHash ?? null, traceHashes: traceHashes ?? {}, semantics: kind.semantics }
}

/** What an id is made of. */
export interface Meaning {
  readonly kind: string
  readonly config: JsonObject
  /** Ids of the input stages. */
  readonly inputs: Readonly<Record<string, string>>
  readonly identity: StageIdentity
}

/**
 * SHA-256 (hex) over the canonical JSON of what a stage means. Deliberately absent: versions, file contents, threads,
 * CPU, labels; they are recorded, and evidence outlives a change of them.
 */
export function stageId({ kind, config, inputs, identity }: Meaning): string {
  const { dataHash, traceHashes, semantics } = identity
  const text = canonicalJson({ kind, config, inputs, dataHash, traceHashes, semantics }, `The ${kind} stage`)
  return createHash('sha256').update(text).digest('hex')
}
