/** Hands stages to runners as their inputs become ready: batch by batch, the longest remaining chain first. */
import type { Stage } from '../stage/types.js'
import { StoreError } from '../store/files.js'
import type { Lease, Store } from '../store/types.js'
import { completeRecord, type Plan } from './plan.js'
import type { ExecutionEvent, Job, JobOutcome, Runner, Summary } from './types.js'

/** How often a stage is tried again while its workers die and get no further, or made again after its artifacts were lost. */
const RETRIES = 2

/** Milliseconds between two looks at the clock and at stages that other processes run. */
const LOOK_AGAIN = 500

export interface ScheduleOptions {
  readonly plan: Plan
  readonly store: Store
  readonly runners: readonly Runner[]
  readonly onEvent: (event: ExecutionEvent) => void
  readonly signal?: AbortSignal
  /** In milliseconds of `performance.now()`: no stage is begun that would not be done by then, and none runs on after. */
  readonly until?: number
}

/**
 * Runs a plan to its end. Failed stages do not stop the others; an abort or the deadline does, without loss. Stages that
 * another process runs are left to it, and waited for.
 *
 * @throws StoreError or Error if nothing can go on (a failing store, a module that cannot be loaded)
 */
export async function schedule({
  plan,
  store,
  runners,
  onEvent,
  signal,
  until = Infinity,
}: ScheduleOptions): Promise<Summary> {
  const stages = new Map(plan.stages.map((stage) => [stage.id, stage]))
  const state = new Map<string, 'waiting' | 'running' | 'elsewhere' | 'done' | 'failed' | 'skipped'>()
  for (const { id } of plan.stages) state.set(id, 'done')
  for (const { id } of plan.pending) state.set(id, 'waiting')
  // What is made anew, because it was lost, is always wanted now.
  const urgency = ({ id }: Stage) => plan.urgency.get(id) ?? Number.POSITIVE_INFINITY
  const turn = ({ id }: Stage) => plan.turns.get(id) ?? 0
  const before = (a: Stage, b: Stage) => turn(a) < turn(b) || (turn(a) === turn(b) && urgency(a) > urgency(b))
  const attempts = new Map<string, number>()
  /** The last step that any worker came to, of stages that run or ran. */
  const reached = new Map<string, number>()
  const failed: { stage: Stage; message: string }[] = []
  const idle = [...runners]
  const working = new Set<Promise<void>>()
  const pace = new StagePace()
  const toldOf = new Set<string>()
  let fatal: Error | undefined
  let outOfTime = false
  const stopping = () => fatal !== undefined || outOfTime || (signal?.aborted ?? false)

  const inState = (wanted: string) => [...stages.values()].filter(({ id }) => state.get(id) === wanted)

  function nextStage(): Stage | undefined {
    let best: Stage | undefined
    for (const stage of inState('waiting')) {
      if (Object.values(stage.inputs).some(({ id }) => state.get(id) !== 'done')) continue
      if (performance.now() + 1000 * pace.seconds(stage) > until) continue
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
      if (!elsewhere && !outcome.record.observed.resumed) pace.learn(stage, outcome.record.observed.seconds)
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
    let lease: Lease | undefined
    try {
      lease = await store.leases.take(stage.id, stage.label)
      // Asked after the lease, for whoever had it may have finished meanwhile.
      const record = await completeRecord(store, stage.id)
      if (record !== undefined) return settle(stage, { type: 'done', record }, true)
      if (lease === undefined) {
        state.set(stage.id, 'elsewhere')
        if (!toldOf.has(stage.id)) onEvent({ type: 'elsewhere', stage })
        toldOf.add(stage.id)
        return
      }
      // Runners may have been closed meanwhile; a closed one would start a new worker that nobody stops.
      if (stopping()) return
      onEvent({ type: 'started', stage })
      const reachedBefore = reached.get(stage.id) ?? 0
      const outcome = await runner.run(jobOf(stage), {
        progress(progress) {
          reached.set(stage.id, Math.max(progress.step, reached.get(stage.id) ?? 0))
          if (lease) lease.fraction = progress.step / progress.steps
          onEvent({ type: 'progress', stage, progress })
        },
        warning: (message) => onEvent({ type: 'warning', message }),
      })
      // Whoever goes on killing its workers does not make a stage fail that goes on from its checkpoints.
      if ((reached.get(stage.id) ?? 0) > reachedBefore) attempts.delete(stage.id)
      if (!stopping()) settle(stage, outcome, false)
    } catch (error) {
      fatal ??= error instanceof Error ? error : new Error(String(error))
    } finally {
      await lease?.release()
    }
  }

  onEvent({ type: 'planned', total: stages.size, pending: plan.pending, workers: runners.length })
  let clock: NodeJS.Timeout | undefined
  await new Promise<void>((resolve) => {
    const dispatch = () => {
      for (let stage = nextStage(); stage && idle.length > 0 && !stopping(); stage = nextStage()) {
        const runner = idle.shift()!
        state.set(stage.id, 'running')
        const done = work(runner, stage).then(() => {
          working.delete(done)
          idle.push(runner)
          dispatch()
        })
        working.add(done)
      }
      if (stopping() || (working.size === 0 && inState('elsewhere').length === 0)) resolve()
    }
    const lookAgain = () => {
      outOfTime = performance.now() >= until
      for (const { id } of inState('elsewhere')) state.set(id, 'waiting')
      skipDependants()
      dispatch()
    }
    clock = setInterval(lookAgain, LOOK_AGAIN)
    signal?.addEventListener('abort', () => resolve(), { once: true })
    dispatch()
  })
  clearInterval(clock)
  await Promise.all(runners.map((runner) => runner.close()))
  await Promise.all(working)
  if (fatal !== undefined) throw fatal
  const left = inState('waiting').length + inState('running').length + inState('elsewhere').length
  // Nobody stopped it: a mistake of ours, which must not pass for a run that is done.
  if (left > 0 && !signal?.aborted && until === Infinity) {
    throw new Error(`The run came to rest with ${left} of ${stages.size} stages left undone.`)
  }
  return {
    total: stages.size,
    stored: stages.size - plan.pending.length,
    finished: plan.pending.filter(({ id }) => state.get(id) === 'done').length,
    failed,
    skipped: inState('skipped'),
    ended: signal?.aborted ? 'interrupted' : left > 0 ? 'out of time' : 'complete',
  }
}

const jobOf = ({ id, kind, config, inputs }: Stage): Job => ({
  id,
  kind: kind.name,
  config,
  inputs: Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.id])),
})

/** How long stages take here, in units of their estimates: the mean of those that this run has seen. */
class StagePace {
  private estimated = 0
  private actual = 0

  learn({ cost }: Stage, seconds: number): void {
    this.estimated += cost.seconds
    this.actual += seconds
  }

  seconds({ cost }: Stage): number {
    return this.estimated > 0 ? (cost.seconds * this.actual) / this.estimated : cost.seconds
  }
}
