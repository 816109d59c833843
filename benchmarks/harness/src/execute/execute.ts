/** Runs what is missing of a set of stages. */
import { availableParallelism } from 'node:os'
import type { Stage, StageKind } from '../stage/types.js'
import type { Store } from '../store/types.js'
import { createCache } from './cache.js'
import { planStages } from './plan.js'
import { kindsByName } from './run-stage.js'
import { forkRunner, localRunner } from './runners.js'
import { schedule } from './schedule.js'
import type { ExecutionEvent, Summary } from './types.js'

export interface ExecuteOptions {
  readonly store: Store
  /** Where stages run: worker processes that load these modules (file URLs), or this process with these kinds. */
  readonly where:
    | { readonly modules: readonly string[]; readonly script?: string }
    | { readonly kinds: readonly StageKind[] }
  /** Number of worker processes; default one a core. */
  readonly workers?: number
  readonly onEvent?: (event: ExecutionEvent) => void
  /** Aborting stops all work at once; what is finished is in the store. */
  readonly signal?: AbortSignal
  /** When to have ended, in milliseconds of `performance.now()`: no stage is begun that would not be done by then. */
  readonly until?: number
}

/**
 * Runs the stages that the targets need and the store lacks.
 *
 * @param batches targets in the order in which they are wanted; lanes that one batch leaves idle begin the next
 * @throws StoreError if the store fails or a worker cannot start
 */
export async function execute(batches: readonly (readonly Stage[])[], options: ExecuteOptions): Promise<Summary> {
  const { store, where, workers = availableParallelism(), onEvent = () => {}, signal, until } = options
  const plan = await planStages(batches, store)
  if (plan.pending.length > 0) await store.prepare()
  const cache = createCache()
  const makeRunner = () =>
    'kinds' in where ? localRunner({ store, kinds: kindsByName(where.kinds), cache }) : forkRunner({ store, ...where })
  const runners = Array.from({ length: Math.max(1, Math.min(workers, plan.pending.length)) }, makeRunner)
  return schedule({ plan, store, runners, onEvent, signal, until })
}
