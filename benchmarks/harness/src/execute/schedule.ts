/** Hands stages to runners as their inputs become ready: batch by batch, the longest remaining chain first. */
import type { Stage } from '../stage/types.js'
import { StoreError } from '../store/files.js'
import type { Store } from '../store/types.js'
import { completeRecord, type Plan } from './plan.js'
import type { ExecutionEvent, JobOutcome, Runner, Summary } from './types.js'

/** How often a stage is tried again after its worker died, or made again after its artifacts were lost. */
const RETRIES = 2

export interface ScheduleOptions {
  readonly plan: Plan
  readonly store: Store
  readonly runners: readonly Runner[]
  readonly onEvent: (event: ExecutionEvent) => void
  readonly signal?: AbortSignal
}

/**
 * Runs a plan to its end. Failed stages do not stop the others; an abort does, at once and without loss.
 *
 * @throws StoreError or Error if nothing can go on (a failing store, a module that cannot be loaded)
 */
export async function schedule({ plan, store, runners, onEvent, signal }: ScheduleOptions): Promise<Summary> {
  const stages = new Map(plan.stages.map((stage) => [stage.id, stage]))
  const state = new Map<string, 'waiting' | 'running' | 'done' | 'failed' | 'skipped'>()
  for (const { id } of plan.stages) state.set(id, 'done')
  for (const { id } of plan.pending) state.set(id, 'waiting')
  // What is made anew, because it was lost, is always wanted now.
  const urgency = ({ id }: Stage) => plan.urgency.get(id) ?? Number.POSITIVE_INFINITY
  const turn = ({ id }: Stage) => plan.turns.get(id) ?? 0
  const before = (a: Stage, b: Stage) => turn(a) < turn(b) || (turn(a) === turn(b) && urgency(a) > urgency(b))
  const attempts = new Map<string, number>()
  const failed: { stage: Stage; message: string }[] = []
  const idle = [...runners]
  let finished = 0
  let running = 0
  let fatal: Error | undefined

  const inState = (wanted: string) => [...stages.values()].filter(({ id }) => state.get(id) === wanted)

  function nextStage(): Stage | undefined {
    let best: Stage | undefined
    for (const stage of inState('waiting')) {
      if (Object.values(stage.inputs).some(({ id }) => state.get(id) !== 'done')) continue
      if (best === undefined || before(stage, best)) best = stage
    }
    return best
  }

  function fail(stage: Stage, message: string, stack?: string): void {
    state.set(stage.id, 'failed')
    failed.push({ stage, message })
    onEvent({ type: 'failed', stage, message, stack })
    skipDependants()
  }

  function skipDependants(): void {
    // In topological order, so one pass reaches every dependant.
    for (const other of inState('waiting')) {
      const lost = Object.values(other.inputs).some(({ id }) => ['failed', 'skipped'].includes(state.get(id)!))
      if (!lost) continue
      state.set(other.id, 'skipped')
      onEvent({ type: 'skipped', stage: other })
    }
  }

  function retry(stage: Stage, message: string): void {
    const attempt = (attempts.get(stage.id) ?? 0) + 1
    attempts.set(stage.id, attempt)
    if (attempt > RETRIES) {
      fail(stage, message)
    } else {
      state.set(stage.id, 'waiting')
      onEvent({ type: 'retried', stage, message })
    }
  }

  function settle(stage: Stage, outcome: JobOutcome, elsewhere: boolean): void {
    if (outcome.type === 'done') {
      state.set(stage.id, 'done')
      finished += 1
      onEvent({ type: 'finished', stage, record: outcome.record, elsewhere })
    } else if (outcome.type === 'failed') {
      fail(stage, outcome.message, outcome.stack)
    } else if (outcome.type === 'lost') {
      retry(stage, outcome.message)
    } else if (outcome.type === 'missing') {
      const producer = stages.get(outcome.producer)!
      state.set(stage.id, 'waiting')
      if (state.get(producer.id) === 'done') retry(producer, 'What it made is not in the store any more.')
      skipDependants()
    } else {
      fatal ??= new StoreError(outcome.message)
    }
  }

  async function work(runner: Runner, stage: Stage): Promise<void> {
    try {
      const record = await completeRecord(store, stage.id)
      if (record !== undefined) return settle(stage, { type: 'done', record }, true)
      // Runners may have been closed meanwhile; a closed one would start a new worker that nobody stops.
      if (signal?.aborted || fatal) return
      onEvent({ type: 'started', stage })
      const inputs = Object.fromEntries(Object.entries(stage.inputs).map(([name, { id }]) => [name, id]))
      const outcome = await runner.run(
        { id: stage.id, kind: stage.kind.name, config: stage.config, inputs },
        {
          progress: (progress) => onEvent({ type: 'progress', stage, progress }),
          warning: (message) => onEvent({ type: 'warning', message }),
        },
      )
      if (!signal?.aborted && !fatal) settle(stage, outcome, false)
    } catch (error) {
      fatal ??= error instanceof Error ? error : new Error(String(error))
    }
  }

  onEvent({ type: 'planned', total: stages.size, pending: plan.pending, workers: runners.length })
  const close = () => Promise.all(runners.map((runner) => runner.close()))
  signal?.addEventListener('abort', close)
  await new Promise<void>((resolve) => {
    const dispatch = () => {
      for (let stage = nextStage(); stage && idle.length > 0 && !fatal && !signal?.aborted; stage = nextStage()) {
        const runner = idle.shift()!
        state.set(stage.id, 'running')
        running += 1
        work(runner, stage).then(() => {
          running -= 1
          idle.push(runner)
          dispatch()
        })
      }
      if (running === 0 || fatal) resolve()
    }
    dispatch()
  })
  signal?.removeEventListener('abort', close)
  await close()
  if (fatal !== undefined) throw fatal
  return {
    total: stages.size,
    stored: stages.size - plan.pending.length,
    finished,
    failed,
    skipped: inState('skipped'),
    interrupted: signal?.aborted ?? false,
  }
}
