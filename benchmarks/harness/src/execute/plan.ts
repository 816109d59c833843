/** Which stages must run for some targets, and in which order. */
import type { Stage } from '../stage/types.js'
import type { StageRecord, Store } from '../store/types.js'

export interface Plan {
  /** Every stage that the targets stand on, once each, inputs before their users. */
  readonly stages: readonly Stage[]
  /** Those that must run, in the same order. */
  readonly pending: readonly Stage[]
  /** Seconds of the longest chain of pending stages that starts with a stage, itself included. */
  readonly urgency: ReadonlyMap<string, number>
  /** The first batch of targets that needs a stage, from 0. */
  readonly turns: ReadonlyMap<string, number>
}

/**
 * A target needs no run if the store has its record; an input of a stage that must run needs its artifacts as well. So
 * in a fresh clone with committed records only the weights that somebody still needs are made again.
 *
 * @param batches targets in the order in which they are wanted, say a batch a seed: a run that is stopped leaves whole ones
 */
export async function planStages(batches: readonly (readonly Stage[])[], store: Store): Promise<Plan> {
  const targets = batches.flat()
  const stages = topological(targets)
  const wanted = new Set(targets.map(({ id }) => id))
  const needed = new Set<string>()
  const pending: Stage[] = []
  for (const stage of stages.toReversed()) {
    const { id } = stage
    const ready = needed.has(id)
      ? (await completeRecord(store, id)) !== undefined
      : !wanted.has(id) || (await store.records.get(id)) !== undefined
    if (ready) continue
    pending.unshift(stage)
    for (const input of Object.values(stage.inputs)) needed.add(input.id)
  }
  return { stages, pending, urgency: longestChains(pending), turns: turnsOf(batches) }
}

/** A stage's record, provided that all its artifacts are there. */
export async function completeRecord(store: Store, id: string): Promise<StageRecord | undefined> {
  const record = await store.records.get(id)
  if (record === undefined) return undefined
  const there = await Promise.all(Object.values(record.deterministic.artifacts).map(store.artifacts.has))
  return there.every(Boolean) ? record : undefined
}

/** The stages that some targets stand on, each id once, inputs first. */
export function topological(targets: readonly Stage[]): readonly Stage[] {
  const order = new Map<string, Stage>()
  const visit = (stage: Stage) => {
    if (order.has(stage.id)) return
    for (const input of Object.values(stage.inputs)) visit(input)
    order.set(stage.id, stage)
  }
  for (const target of targets) visit(target)
  return [...order.values()]
}

function longestChains(pending: readonly Stage[]): ReadonlyMap<string, number> {
  const after = new Map<string, number>()
  const chains = new Map<string, number>()
  for (const { id, cost, inputs } of pending.toReversed()) {
    const chain = cost.seconds + (after.get(id) ?? 0)
    chains.set(id, chain)
    for (const input of Object.values(inputs)) after.set(input.id, Math.max(chain, after.get(input.id) ?? 0))
  }
  return chains
}

function turnsOf(batches: readonly (readonly Stage[])[]): ReadonlyMap<string, number> {
  const turns = new Map<string, number>()
  for (const [turn, batch] of batches.entries()) {
    for (const { id } of topological(batch)) if (!turns.has(id)) turns.set(id, turn)
  }
  return turns
}
