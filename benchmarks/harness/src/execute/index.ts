/** Execution: what is missing from the store is run by one worker process a core. */
export { createCache } from './cache.js'
export { type ExecuteOptions, execute } from './execute.js'
export { completeRecord, type Plan, planStages, topological } from './plan.js'
export type { ExecutionEvent, Job, JobOutcome, Runner, Summary, Watch } from './types.js'
