/** Lanes of work: a child process that is forked again when it dies, or this process. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Store } from '../store/types.js'
import type { FromWorker, ToWorker } from './protocol.js'
import { runStage, type Workshop } from './run-stage.js'
import type { Job, JobOutcome, Runner, Watch } from './types.js'

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url))
/**
 * Workers in a row that may die before they begin a job. Whoever kills one that starts must not lose us a stage; where
 * none can start, a stage is not at fault either, and trying for ever would hide it.
 */
const STARTS = 10
/** Characters of a worker's error output that are kept, to say why it died. */
const KEPT_OUTPUT = 4000

export interface ForkOptions {
  readonly store: Pick<Store, 'location' | 'evidence'>
  /** Modules that export `benchmark`, as file URLs. */
  readonly modules: readonly string[]
  /** The worker's script; by default the one beside this file. */
  readonly script?: string
}

/**
 * glibc hands large blocks back to the kernel at once and gets them anew at the next call; each new page costs a fault,
 * and a training call returns megabytes. Other systems ignore these settings.
 */
const KEEP_MEMORY = {
  MALLOC_MMAP_THRESHOLD_: '4294967296',
  MALLOC_TRIM_THRESHOLD_: '8589934592',
  MALLOC_TOP_PAD_: '67108864',
}

/** A lane that runs jobs in a child process, started at its first job and kept for the next. */
export function forkRunner({ store, modules, script = WORKER }: ForkOptions): Runner {
  let child: ChildProcess | undefined
  let output = ''
  let closed = false

  function worker(): ChildProcess {
    if (child?.connected) return child
    const started = fork(script, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      env: { ...KEEP_MEMORY, ...process.env },
    })
    output = ''
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT)
    })
    // One that dies between two jobs must not get the next: nobody would hear of its end any more.
    started.once('exit', () => {
      if (child === started) child = undefined
    })
    // Errors of sending to a dying process; its 'exit' tells the story. One that never started has no 'exit'.
    started.on('error', (error) => {
      if (started.pid !== undefined) return
      output = error.message
      started.emit('exit', null, null)
    })
    post(started, { type: 'start', store: store.location, evidence: store.evidence, modules })
    child = started
    return started
  }

  /** Runs a job in the worker that is there or a new one; `began` says whether it came to work on it. */
  function runOnce(job: Job, watch: Watch): Promise<{ readonly outcome: JobOutcome; readonly began: boolean }> {
    return new Promise((resolve) => {
      const current = worker()
      let began = false
      const finish = (outcome: JobOutcome) => {
        current.off('message', onMessage).off('exit', onExit)
        resolve({ outcome, began })
      }
      const onMessage = (message: FromWorker) => {
        if (message.type === 'began') began = true
        else if (message.type === 'progress') watch.progress(message.progress)
        else if (message.type === 'warning') watch.warning(message.message)
        else finish(message.outcome)
      }
      const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
        const lost = () => finish({ type: 'lost', message: deathNotice(code, signal, output) })
        // What it said last may still be on its way, perhaps that it is done.
        if (current.connected && current.pid !== undefined) current.once('disconnect', lost)
        else lost()
      }
      current.on('message', onMessage).on('exit', onExit)
      post(current, { type: 'run', job })
    })
  }

  return {
    async run(job, watch) {
      for (let starts = 1; ; starts += 1) {
        const { outcome, began } = await runOnce(job, watch)
        if (outcome.type !== 'lost' || began || closed) return outcome
        if (starts === STARTS) {
          const message = `${STARTS} workers in a row ended before they began to work: ${outcome.message}`
          return { type: 'fatal', message }
        }
        watch.warning(`${outcome.message} It had not begun to work; another takes its place.`)
      }
    },
    async close() {
      closed = true
      const current = child
      child = undefined
      if (current === undefined || current.exitCode !== null || current.signalCode !== null) return
      const gone = new Promise((resolve) => current.once('exit', resolve))
      // A worker inside a long native call would hear nothing gentler.
      current.kill('SIGKILL')
      await gone
    },
  }
}

/** A lane in this process, for tests and for a debugger. */
export function localRunner(workshop: Workshop): Runner {
  return { run: (job, watch) => runStage(job, workshop, watch), close: async () => {} }
}

function post(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => {})
}

function deathNotice(code: number | null, signal: NodeJS.Signals | null, output: string): string {
  const [last] = output.trim().split('\n').slice(-1)
  const how = signal !== null ? `by ${signal}` : code !== null ? `with exit code ${code}` : 'before it began'
  return `The worker process ended ${how}${last ? ` (${last.trim()})` : ''}.`
}
