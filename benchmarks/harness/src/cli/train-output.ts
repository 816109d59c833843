/** What `tickets train` shows while it runs and at its end. */
import type { MethodContext, Recipe, TrainResult, train } from '@winning-tickets/core'
import { Presets, SingleBar } from 'cli-progress'

/** A bar on a terminal, silence elsewhere. */
export function progressBar({ iterations }: Recipe, quiet: boolean) {
  const format =
    'training {bar} {percentage}%  {eta_formatted} left  loss {loss}  accuracy {accuracy}%  {speed} steps/s'
  const bar = new SingleBar(
    { format, clearOnComplete: true, hideCursor: true, stream: process.stderr },
    Presets.shades_classic,
  )
  let running = false
  return {
    update(progress: Parameters<NonNullable<Parameters<typeof train>[0]['onProgress']>>[0]) {
      if (quiet || !process.stderr.isTTY) return
      const { iteration, trainLoss, validationAccuracy = Number.NaN, stepsPerSecond } = progress
      const payload = {
        loss: trainLoss.toFixed(3),
        accuracy: (100 * validationAccuracy).toFixed(1),
        speed: stepsPerSecond.toFixed(0),
      }
      if (running) bar.update(iteration, payload)
      else bar.start(iterations, iteration, payload)
      running = true
    },
    stop() {
      if (running) bar.stop()
      running = false
    },
  }
}

/** A line at most so often where there is no terminal, in milliseconds. */
const LINE_EVERY = 10_000

/** How far a method is: a bar on a terminal, for training runs or rounds of scoring; elsewhere a line now and then. */
export function findProgress(name: string, { iterations }: Recipe, quiet: boolean) {
  const bar = new SingleBar(
    { format: `${name} {bar} {percentage}%  {text}`, clearOnComplete: true, hideCursor: true, stream: process.stderr },
    Presets.shades_classic,
  )
  let running = false
  let told = performance.now()
  function show(done: number, total: number, text: string): void {
    if (quiet) return
    if (process.stderr.isTTY) {
      if (running) {
        bar.setTotal(total)
        bar.update(done, { text })
      } else bar.start(total, done, { text })
      running = true
    } else if (performance.now() - told >= LINE_EVERY) {
      told = performance.now()
      process.stderr.write(`${name}: ${text}\n`)
    }
  }
  const percent = (value: number) => `${(100 * value).toPrecision(3)}%`
  const watch: Required<Pick<MethodContext, 'onProgress' | 'onRound'>> = {
    onProgress: ({ iteration, density, trainLoss, stepsPerSecond }) =>
      show(
        iteration,
        iterations,
        `training at density ${percent(density)}, iteration ${iteration} of ${iterations}, loss ${trainLoss.toFixed(3)}, ${stepsPerSecond.toFixed(0)} steps/s`,
      ),
    onRound({ round, rounds, density }) {
      // One round says nothing: it is over.
      if (rounds > 1) show(round, rounds, `round ${round} of ${rounds}, density ${percent(density)}`)
    },
  }
  return {
    watch,
    stop() {
      if (running) bar.stop()
      running = false
    },
  }
}

/** The options that the summary names. */
interface Shown {
  readonly dataset: string
  readonly model: string
  readonly seed: number
  readonly out?: string
  readonly json?: boolean
}

/** What a run reached, in three lines or as JSON. */
export function print({ final, earlyStop, density }: TrainResult, note: string | undefined, options: Shown): void {
  const { kept, prunable } = density
  const data = note === undefined ? options.dataset : `${options.dataset} (${note})`
  if (options.json) {
    const figures = {
      dataset: data,
      model: options.model,
      seed: options.seed,
      density,
      final: final.metrics,
      earlyStop: { iteration: earlyStop.iteration, ...earlyStop.metrics },
    }
    return void process.stdout.write(`${JSON.stringify(figures, null, 1)}\n`)
  }
  const percent = (value?: number) => (value === undefined ? '-' : `${(100 * value).toFixed(2)}%`)
  const line = (name: string, { train, validation, test }: TrainResult['final']['metrics']) =>
    `${name}  test ${percent(test.accuracy)}  validation ${percent(validation.accuracy)}  train ${percent(train.accuracy)}\n`
  process.stdout.write(
    `${options.model} on ${data}, seed ${options.seed}: ${kept} of ${prunable} weights (${percent(kept / prunable)})\n` +
      line(`at the end (${final.step}):`, final.metrics) +
      line(`at early stop (${earlyStop.iteration}):`, earlyStop.metrics) +
      (options.out === undefined ? '' : `written to ${options.out}\n`),
  )
}
