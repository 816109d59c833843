/** What passes between the scheduler, the runners and whoever watches. */
import type { JsonObject } from '../stage/json.js'
import type { Progress, Stage } from '../stage/types.js'
import type { StageRecord } from '../store/types.js'

/** A stage as it is sent to a worker. */
export interface Job {
  readonly id: string
  readonly kind: string
  readonly config: JsonObject
  /** Ids of the input stages. */
  readonly inputs: Readonly<Record<string, string>>
}

/** How a job ended. */
export type JobOutcome =
  | { readonly type: 'done'; readonly record: StageRecord }
  /** The stage threw; the others can go on. */
  | { readonly type: 'failed'; readonly message: string; readonly stack?: string }
  /** What an input stage made is not in the store any more. */
  | { readonly type: 'missing'; readonly producer: string }
  /** The worker died in the middle of it; another may succeed. */
  | { readonly type: 'lost'; readonly message: string }
  /** No stage can go on: the store fails, a module cannot be loaded, or no worker can start. */
  | { readonly type: 'fatal'; readonly message: string; readonly stack?: string }

/** One lane of work: a child process, or this process. */
export interface Runner {
  /** Runs one job at a time; never rejects. */
  run(job: Job, watch: Watch): Promise<JobOutcome>
  /** Stops at once, in the middle of a job if need be. */
  close(): Promise<void>
}

export interface Watch {
  progress(update: Progress): void
  warning(message: string): void
}

export type ExecutionEvent =
  | { readonly type: 'planned'; readonly total: number; readonly pending: readonly Stage[]; readonly workers: number }
  | { readonly type: 'started'; readonly stage: Stage }
  /** Another process runs it at the moment. */
  | { readonly type: 'elsewhere'; readonly stage: Stage }
  | { readonly type: 'progress'; readonly stage: Stage; readonly progress: Progress }
  /** `elsewhere`: another process put it into the store meanwhile. */
  | { readonly type: 'finished'; readonly stage: Stage; readonly record: StageRecord; readonly elsewhere: boolean }
  | { readonly type: 'failed'; readonly stage: Stage; readonly message: string; readonly stack?: string }
  | { readonly type: 'skipped'; readonly stage: Stage }
  | { readonly type: 'retried'; readonly stage: Stage; readonly message: string }
  | { readonly type: 'warning'; readonly message: string }

/** How an execution ended. */
export interface Summary {
  /** Stages of all grids, each counted once. */
  readonly total: number
  /** Those that needed no run. */
  readonly stored: number
  /** Pending ones that are in the store now. */
  readonly finished: number
  readonly failed: readonly { readonly stage: Stage; readonly message: string }[]
  /** Those that wait for a failed one. */
  readonly skipped: readonly Stage[]
  readonly ended: 'complete' | 'interrupted' | 'out of time'
}
