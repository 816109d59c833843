/** The messages between the parent and a worker process. */
import type { Progress } from '../stage/types.js'
import type { Job, JobOutcome } from './types.js'

export type ToWorker =
  /** First message: where the store and committed evidence are, and the modules that export `benchmark` (file URLs). */
  | {
      readonly type: 'start'
      readonly store: string
      readonly evidence: readonly string[]
      readonly modules: readonly string[]
    }
  | { readonly type: 'run'; readonly job: Job }

export type FromWorker =
  /** It has started, and works on the job from here on: if it dies now, that may be the job's doing. */
  | { readonly type: 'began' }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'outcome'; readonly outcome: JobOutcome }
