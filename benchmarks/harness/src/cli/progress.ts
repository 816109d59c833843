/** What a person sees while stages run: bars on a terminal, a line now and then elsewhere, events with --json. */
import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import type { ExecutionEvent } from '../execute/types.js'
import type { Progress, Stage } from '../stage/types.js'
import { duration } from './duration.js'
import { Pace } from './pace.js'

export type Watcher = { onEvent(event: ExecutionEvent): void; close(): void }

export interface WatchOptions {
  readonly json: boolean
  /** What a stage is called; its label by default. */
  readonly labelOf?: (stage: Stage) => string
}

type LabelOf = NonNullable<WatchOptions['labelOf']>

/** The sentence for an event that a person must know of. */
const trouble = (event: ExecutionEvent, labelOf: LabelOf): string | undefined => {
  if (event.type === 'failed') {
    const stack = process.env.WT_DEBUG && event.stack ? `\n${event.stack}` : ''
    return `failed: ${labelOf(event.stage)}: ${event.message}${stack}`
  }
  if (event.type === 'retried') return `again: ${labelOf(event.stage)}: ${event.message}`
  if (event.type === 'skipped') return `skipped: ${labelOf(event.stage)}, for a stage it needs failed`
  if (event.type === 'elsewhere') return `elsewhere: ${labelOf(event.stage)}: another process runs it`
  if (event.type === 'warning') return `warning: ${event.message}`
  return undefined
}

/** The way to show progress that suits the output. Everything goes to standard error. */
export function watcher(title: string, { json, labelOf = ({ label }) => label }: WatchOptions): Watcher {
  const watch = json ? jsonWatcher : process.stderr.isTTY ? barWatcher : lineWatcher
  const { onEvent, close } = watch(labelOf, title)
  const told = new Set<string>()
  return {
    onEvent(event) {
      // Every worker that reads a damaged file warns of it.
      if (event.type === 'warning' && told.has(event.message)) return
      if (event.type === 'warning') told.add(event.message)
      onEvent(event)
    },
    close,
  }
}

function jsonWatcher(labelOf: LabelOf): Watcher {
  return {
    onEvent(event) {
      const { type } = event
      const stage = 'stage' in event ? { stage: event.stage.id, label: labelOf(event.stage) } : {}
      const config = type === 'failed' ? { kind: event.stage.kind.name, config: event.stage.config } : {}
      const rest =
        type === 'planned'
          ? { total: event.total, pending: event.pending.length, workers: event.workers }
          : type === 'progress'
            ? { progress: event.progress }
            : 'message' in event
              ? { message: event.message }
              : {}
      process.stderr.write(`${JSON.stringify({ type, ...stage, ...config, ...rest })}\n`)
    },
    close() {},
  }
}

/** At most a line every ten seconds, and one for each trouble. */
function lineWatcher(labelOf: LabelOf, title: string): Watcher {
  const pace = new Pace()
  let [total, done, last] = [0, 0, performance.now()]
  const say = (text: string) => process.stderr.write(`${title}: ${text}\n`)
  return {
    onEvent(event) {
      const bad = trouble(event, labelOf)
      if (bad !== undefined) say(bad)
      if (event.type === 'planned') {
        pace.plan(event.pending, event.workers)
        total = event.pending.length
        const stored = event.total - total
        if (total > 0) say(`${total} stages to run, ${stored} stored, about ${duration(pace.secondsLeft)}`)
        else say(`all ${stored} stages are stored`)
      }
      if (event.type === 'progress') pace.advance(event.stage, event.progress.step / event.progress.steps)
      if (event.type === 'retried') pace.restart(event.stage)
      if (event.type === 'failed' || event.type === 'skipped') pace.settle(event.stage)
      if (event.type !== 'finished') return
      pace.settle(event.stage)
      done += 1
      if (performance.now() - last < 10_000 && done < total) return
      last = performance.now()
      say(`${done} of ${total} stages${done < total ? `, about ${duration(pace.secondsLeft)} left` : ' done'}`)
    },
    close() {},
  }
}

const figures = ({ loss, accuracy, density }: Progress, stepsPerSecond: number): string =>
  [
    loss === undefined ? '' : `loss ${loss.toFixed(3)}`,
    accuracy === undefined ? '' : `accuracy ${(100 * accuracy).toFixed(1)}%`,
    density === undefined ? '' : `density ${(100 * density).toFixed(1)}%`,
    stepsPerSecond > 0 ? `${stepsPerSecond.toFixed(0)} steps/s` : '',
  ]
    .filter(Boolean)
    .join('  ')

const barLabel = (text: string) => text.slice(0, 32).padEnd(32)

function barWatcher(labelOf: LabelOf, title: string): Watcher {
  const pace = new Pace()
  const bars = new MultiBar(
    {
      format: '{label} {bar} {percentage}%  {left}  {figures}',
      hideCursor: true,
      clearOnComplete: true,
      fps: 5,
      stream: process.stderr,
    },
    Presets.shades_classic,
  )
  const total = bars.create(1, 0, { label: barLabel(title), left: '', figures: '' })
  const running = new Map<string, { bar: SingleBar; began: number; first?: number }>()
  const end = (id: string) => {
    const entry = running.get(id)
    if (entry) bars.remove(entry.bar)
    running.delete(id)
  }
  const refresh = () => total.update(pace.fraction, { left: `${duration(pace.secondsLeft)} left` })
  return {
    onEvent(event) {
      const bad = trouble(event, labelOf)
      if (bad !== undefined) bars.log(`${bad}\n`)
      switch (event.type) {
        case 'planned':
          pace.plan(event.pending, event.workers)
          break
        case 'started': {
          const label = barLabel(labelOf(event.stage))
          const bar = bars.create(event.stage.cost.steps, 0, { label, left: '', figures: '' })
          running.set(event.stage.id, { bar, began: performance.now() })
          break
        }
        case 'progress': {
          const { step, steps } = event.progress
          pace.advance(event.stage, step / steps)
          const entry = running.get(event.stage.id)
          if (!entry) break
          entry.first ??= step
          const pacePerSecond = (1000 * (step - entry.first)) / (performance.now() - entry.began)
          const left = pacePerSecond > 0 ? `${duration((steps - step) / pacePerSecond)} left` : ''
          entry.bar.setTotal(steps)
          entry.bar.update(step, { left, figures: figures(event.progress, pacePerSecond) })
          break
        }
        case 'retried':
          pace.restart(event.stage)
          end(event.stage.id)
          break
        case 'finished':
        case 'failed':
        case 'skipped':
          pace.settle(event.stage)
          end(event.stage.id)
          break
        default:
      }
      refresh()
    },
    close() {
      bars.stop()
    },
  }
}
