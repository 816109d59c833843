/** Records that no experiment stands on any more, and what became of the stages they were made for. */
import type { Json, JsonObject } from '../stage/json.js'
import type { Stage } from '../stage/types.js'
import type { Deterministic } from '../store/types.js'

export interface Orphan {
  readonly id: string
  readonly kind: string
  readonly reason: string
}

/** More differences than this are counted, not named. */
const NAMED = 3

/**
 * Says of each record whose id is not planned which planned stage comes nearest, and where the two differ.
 *
 * @param planned every stage of every experiment and profile
 */
export function orphansOf(records: readonly Deterministic[], planned: readonly Stage[]): Orphan[] {
  const ids = new Set(planned.map(({ id }) => id))
  const lost = records.filter(({ id }) => !ids.has(id))
  if (lost.length === 0) return []
  const candidates = planned.map((stage) => ({ stage, leaves: leavesOf(stage.config) }))
  return lost.map((record) => ({ id: record.id, kind: record.kind, reason: reasonOf(record, candidates) }))
}

interface Candidate {
  readonly stage: Stage
  readonly leaves: ReadonlyMap<string, string>
}

function reasonOf(record: Deterministic, candidates: readonly Candidate[]): string {
  const own = leavesOf(record.config)
  let best: { differing: string[]; candidate: Candidate } | undefined
  for (const candidate of candidates) {
    if (candidate.stage.kind.name !== record.kind) continue
    const differing = differingKeys(own, candidate.leaves)
    if (best === undefined || differing.length < best.differing.length) best = { differing, candidate }
    if (differing.length === 0) break
  }
  if (best === undefined) return `no benchmark has stages of kind ${record.kind} any more`
  const { differing, candidate } = best
  if (differing.length > 0) {
    const named = differing.slice(0, NAMED).map((key) => {
      const [was, is] = [own.get(key), candidate.leaves.get(key)]
      return `${key} was ${was ?? 'not there'}${is === undefined ? ' and is gone' : `, now ${is}`}`
    })
    const more = differing.length > NAMED ? ` and ${differing.length - NAMED} more` : ''
    return `no experiment plans its config: ${named.join('; ')}${more}`
  }
  const changes = identityChanges(record, candidate.stage)
  return changes.length > 0 ? changes.join('; ') : inputChange(record, candidate.stage)
}

function identityChanges({ identity }: Deterministic, stage: Stage): string[] {
  const now = stage.identity
  const names = (a: object, b: object) => [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return [
    ...(identity.dataHash === now.dataHash ? [] : ['the data changed']),
    ...names(identity.traceHashes, now.traceHashes)
      .filter((name) => identity.traceHashes[name] !== now.traceHashes[name])
      .map((name) => `the traced graph "${name}" changed`),
    ...names(identity.semantics, now.semantics)
      .filter((name) => identity.semantics[name] !== now.semantics[name])
      .map(
        (name) => `the rule "${name}" was ${identity.semantics[name] ?? 'none'}, now ${now.semantics[name] ?? 'none'}`,
      ),
  ]
}

function inputChange({ inputs }: Deterministic, stage: Stage): string {
  const names = [...new Set([...Object.keys(inputs), ...Object.keys(stage.inputs)])].sort()
  const changed = names.filter((name) => stage.inputs[name]?.id !== inputs[name])
  return `it stands on other stages than now (${changed.join(', ')})`
}

const differingKeys = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key))

/** {"recipe": {"warmup": 5}} as "recipe.warmup" -> "5". */
function leavesOf(config: JsonObject, prefix = ''): Map<string, string> {
  const leaves = new Map<string, string>()
  for (const [key, value] of Object.entries(config)) {
    if (isBranch(value)) for (const [name, leaf] of leavesOf(value, `${prefix}${key}.`)) leaves.set(name, leaf)
    else leaves.set(`${prefix}${key}`, JSON.stringify(value))
  }
  return leaves
}

/** An object with something in it: an empty one is a leaf. */
const isBranch = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
