/** Runs one stage: reads its inputs from the store, runs its kind, and puts artifacts and record into the store. */
import { rm } from 'node:fs/promises'
import { cpus, hostname } from 'node:os'
import { CheckpointError, UserError } from '@winning-tickets/core'
import { parseConfig, stageId, stageIdentity } from '../stage/create.js'
import { toJsonObject } from '../stage/json.js'
import type { Cache, StageContext, StageInput, StageKind, StageOutcome } from '../stage/types.js'
import { blameDisk, exists, guarded, StoreError } from '../store/files.js'
import type { StageRecord, Store } from '../store/types.js'
import { completeRecord } from './plan.js'
import type { Job, JobOutcome, Watch } from './types.js'

/** What a lane of work has at hand. */
export interface Workshop {
  readonly store: Store
  readonly kinds: ReadonlyMap<string, StageKind>
  readonly cache: Cache
  /** Seconds between two checkpoints of a stage; default 30. */
  readonly checkpointSeconds?: number
}

/** The kinds by name; two of one name would share ids, so that is an error. */
export function kindsByName(kinds: readonly StageKind[]): ReadonlyMap<string, StageKind> {
  const byName = new Map<string, StageKind>()
  for (const kind of kinds) {
    if ((byName.get(kind.name) ?? kind) !== kind) throw new Error(`Two kinds of stage are named ${kind.name}.`)
    byName.set(kind.name, kind)
  }
  return byName
}

/** Runs a job to its end; every error becomes an outcome. */
export async function runStage(job: Job, workshop: Workshop, watch: Watch): Promise<JobOutcome> {
  try {
    return await run(job, workshop, watch)
  } catch (error) {
    if (error instanceof MissingArtifact) return { type: 'missing', producer: error.producer }
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    return { type: error instanceof StoreError ? 'fatal' : 'failed', message: sentence(error, message), stack }
  }
}

async function run(job: Job, workshop: Workshop, watch: Watch): Promise<JobOutcome> {
  const { store, kinds, cache } = workshop
  const kind = kinds.get(job.kind)
  if (kind === undefined) throw new Error(`No loaded module offers stages of kind ${job.kind}.`)
  const config = parseConfig(kind, job.config)
  const identity = await stageIdentity(kind, config)
  // A rebuild during a long run would otherwise file new code's results under the old code's id.
  if (stageId({ kind: job.kind, config: job.config, inputs: job.inputs, identity }) !== job.id) {
    return { type: 'fatal', message: `The code or data of ${job.kind} stages changed during the run: start it again.` }
  }

  const inputs: Record<string, StageInput> = {}
  for (const [name, id] of Object.entries(job.inputs)) inputs[name] = await readInput(store, id)

  const resumed = await exists(store.checkpointPath(job.id))
  const started = performance.now()
  const outcome = await attempt(kind, { config, inputs, cache, progress: watch.progress }, workshop, job.id, watch)
  const seconds = (performance.now() - started) / 1000

  const result = toJsonObject(outcome.result, `The result of a ${job.kind} stage`)
  const artifacts: Record<string, string> = {}
  for (const [name, bytes] of Object.entries(outcome.artifacts ?? {}))
    artifacts[name] = await store.artifacts.put(bytes)
  const record = {
    deterministic: { ...job, identity, result, artifacts },
    observed: { ...observe(outcome, seconds), ...(resumed ? { resumed } : {}) },
  }
  const kept = await keep(store, record, watch)
  await guarded(store.location, () => rm(store.checkpointPath(job.id), { force: true }))
  return { type: 'done', record: kept }
}

/** Runs a stage from its checkpoint, if an earlier attempt left one that can be used. */
async function attempt(
  kind: StageKind,
  context: Omit<StageContext<object>, 'checkpoint'>,
  { store, checkpointSeconds = 30 }: Workshop,
  id: string,
  watch: Watch,
): Promise<StageOutcome> {
  const checkpoint = { path: store.checkpointPath(id), seconds: checkpointSeconds }
  const run = async () => {
    try {
      return await kind.run({ ...context, checkpoint })
    } catch (error) {
      throw blameDisk(store.location, error)
    }
  }
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    watch.warning(`A ${kind.name} stage begins anew: ${error.message}`)
    await guarded(store.location, () => rm(checkpoint.path, { force: true }))
    return run()
  }
}

async function readInput(store: Store, id: string): Promise<StageInput> {
  const record = await store.records.get(id)
  if (record === undefined) throw new MissingArtifact(id)
  const { result, artifacts } = record.deterministic
  return {
    id,
    result,
    async artifact(name) {
      const hash = artifacts[name]
      if (hash === undefined) throw new Error(`The ${record.deterministic.kind} stage made no artifact "${name}".`)
      const bytes = await store.artifacts.get(hash)
      if (bytes === undefined) throw new MissingArtifact(id)
      return bytes
    },
  }
}

/** The first record of an id wins, unless what it points to is lost: then only the new one is of use. */
async function keep(store: Store, record: StageRecord, watch: Watch): Promise<StageRecord> {
  const { id, kind } = record.deterministic
  const kept = await store.records.put(record)
  if ((await completeRecord(store, id)) !== undefined) return kept
  await store.records.replace(record)
  watch.warning(
    `The artifacts of ${kind} stage ${id.slice(0, 8)} were lost, and this machine made others in their place.`,
  )
  return record
}

function observe({ observed = {} }: StageOutcome, seconds: number): StageRecord['observed'] {
  return {
    engine: 'none',
    ...observed,
    host: hostname(),
    cpu: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    seconds,
    finishedAt: new Date().toISOString(),
  }
}

/** A user's mistake is told as it is; other errors say what kind of error they are. */
function sentence(error: unknown, message: string): string {
  const [line = ''] = message.split('\n')
  return error instanceof UserError || !(error instanceof Error) || error.name === 'Error'
    ? line
    : `${error.name}: ${line}`
}

class MissingArtifact extends Error {
  constructor(readonly producer: string) {
    super(`The store has lost what stage ${producer} made.`)
  }
}
