/** Training a ticket by a recipe: the one loop that all papers share. */
import { UserError } from '../errors.js'
import type { Weights } from '../models/index.js'
import type { Metrics } from '../tasks/index.js'
import { advance } from './advance.js'
import { resume, saveCheckpoint } from './checkpoint.js'
import { prepare, type Run } from './prepare.js'
import type { SplitMetrics, TrainOptions, TrainResult } from './result.js'
import { beginState, curvesOf, type RunState, snapshot } from './state.js'

/**
 * Trains from the ticket's step to the recipe's last iteration, evaluating on the validation split at the start, at
 * every multiple of `evaluateEvery` and at the end. The same options give the same bits on one engine and machine, with
 * or without interruptions.
 *
 * @throws UserError for options that do not fit together, a checkpoint of another run, or a loss that is not finite
 * @throws the signal's reason if it stopped the run
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { recipe } = options
  const run = await prepare(options)
  const state = (await resume(run)) ?? (await begin(run))

  while (state.iteration < recipe.iterations) {
    await stopIfAborted(run, state)
    const trainLoss = await advance(run, state, nextStop(run, state.iteration))
    keepRewindPoint(run, state)
    if (isEvaluation(run, state.iteration)) {
      await evaluate(run, state)
      await saveIfDue(run, state)
    }
    report(run, state, trainLoss)
  }
  return finish(run, state)
}

async function begin(run: Run): Promise<RunState> {
  const { model, ticket, recipe, task } = run.options
  const state = beginState(model, ticket, recipe, run.rule, task.objective.state(recipe.batchSize))
  keepRewindPoint(run, state)
  await evaluate(run, state)
  return state
}

function isEvaluation({ options: { recipe } }: Run, iteration: number): boolean {
  return iteration % recipe.evaluateEvery === 0 || iteration === recipe.iterations
}

/** The next iteration at which something happens beside training. */
function nextStop({ options: { recipe }, keepAt }: Run, iteration: number): number {
  const evaluation = (Math.floor(iteration / recipe.evaluateEvery) + 1) * recipe.evaluateEvery
  return Math.min(evaluation, recipe.iterations, ...[...keepAt].filter((at) => at > iteration))
}

function keepRewindPoint({ options, keepAt }: Run, state: RunState): void {
  if (keepAt.has(state.iteration)) state.kept[state.iteration] = snapshot(state, options.recipe)
}

/** Adds a point to the curves, and keeps the weights if their validation loss is the smallest so far. */
async function evaluate(run: Run, state: RunState): Promise<void> {
  const { iteration, window, weights } = state
  const metrics = await run.evaluators.validation.evaluate(weights)
  // Compared as the curve holds it, so that a reader of the curve finds the same minimum.
  const loss = Math.fround(metrics.loss)
  if (!Number.isFinite(loss)) {
    throw new UserError(
      `The validation loss is ${loss} at iteration ${iteration}; lower the learning rate (${run.options.recipe.learningRate}) or lengthen the warm-up.`,
    )
  }
  state.curve.push({
    iteration,
    trainLoss: window.steps > 0 ? window.sum / window.steps : Number.NaN,
    validationLoss: loss,
    validationAccuracy: metrics.accuracy ?? Number.NaN,
  })
  state.window = { sum: 0, steps: 0 }
  const { best } = state
  // The first of equal losses stays (claims.md 13); the evaluation before the first step gives way to any other.
  if (best === undefined || best.iteration === run.options.ticket.step || loss < best.loss) {
    state.best = { iteration, loss, weights }
  }
}

async function saveIfDue(run: Run, state: RunState): Promise<void> {
  const every = run.options.checkpoint?.everyEvaluations ?? 10
  if ((state.curve.length - 1) % every === 0) await saveCheckpoint(run, state)
}

async function stopIfAborted(run: Run, state: RunState): Promise<void> {
  const { signal } = run.options
  // A turn of the event loop, so that signals and messages get through between calls that block it.
  await new Promise((resolve) => setImmediate(resolve))
  if (!signal?.aborted) return
  await saveCheckpoint(run, state)
  throw signal.reason
}

function report({ options, density, pace }: Run, { iteration, curve }: RunState, trainLoss: number): void {
  const { validationLoss, validationAccuracy } = curve.at(-1)!
  options.onProgress?.({
    iteration,
    iterations: options.recipe.iterations,
    trainLoss,
    validationLoss,
    ...(Number.isNaN(validationAccuracy) ? {} : { validationAccuracy }),
    density: density.density,
    stepsPerSecond: (1000 * pace.steps) / (performance.now() - pace.since),
  })
}

async function finish(run: Run, state: RunState): Promise<TrainResult> {
  const { iteration, weights } = state.best!
  const atEnd = await evaluateSplits(run, state.weights)
  const atBest = iteration === state.iteration ? atEnd : await evaluateSplits(run, weights)
  return {
    final: { ...snapshot(state, run.options.recipe), metrics: atEnd },
    earlyStop: { iteration, weights, metrics: atBest },
    curves: curvesOf(state.curve),
    kept: state.kept,
    density: run.density,
  }
}

async function evaluateSplits({ evaluators }: Run, weights: Weights): Promise<SplitMetrics> {
  const on = (split: keyof SplitMetrics): Promise<Metrics> => evaluators[split].evaluate(weights)
  return { train: await on('train'), validation: await on('validation'), test: await on('test') }
}
