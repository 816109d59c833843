/** The worker process: runs the stages that its parent sends, one at a time, and ends with it. */
import { loadBenchmark } from '../experiment/load.js'
import type { Progress } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import { createCache } from './cache.js'
import type { FromWorker, ToWorker } from './protocol.js'
import { kindsByName, runStage, type Workshop } from './run-stage.js'
import type { JobOutcome } from './types.js'

/** Progress is for people: more than this a second only burdens the parent. */
const PROGRESS_MILLISECONDS = 200

const send = (message: FromWorker) => void process.send?.(message)
const warning = (message: string) => send({ type: 'warning', message })
let workshop: Promise<Workshop> | undefined
let lastProgress = 0

async function start({ store, evidence, modules }: Extract<ToWorker, { type: 'start' }>): Promise<Workshop> {
  const benchmarks = await Promise.all(modules.map((module) => loadBenchmark(module)))
  const kinds = kindsByName(benchmarks.flatMap((benchmark) => benchmark.kinds))
  return { store: await openStore(store, { evidence, onWarning: warning }), kinds, cache: createCache() }
}

function progress(update: Progress): void {
  const now = performance.now()
  if (now - lastProgress < PROGRESS_MILLISECONDS && update.step < update.steps) return
  lastProgress = now
  send({ type: 'progress', progress: update })
}

async function receive(message: ToWorker): Promise<void> {
  if (message.type === 'start') {
    workshop = start(message)
    workshop.catch(() => {})
    return
  }
  let outcome: JobOutcome
  try {
    if (workshop === undefined) throw new Error('A worker got a job before its start.')
    const ready = await workshop
    send({ type: 'began' })
    outcome = await runStage(message.job, ready, { progress, warning })
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    outcome = { type: 'fatal', message, stack }
  }
  send({ type: 'outcome', outcome })
}

process.on('message', receive)
// The parent is gone, however it ended: nothing half-done needs saving, since the store's writes are atomic.
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches the whole process group; the parent decides what it means.
process.on('SIGINT', () => {})
