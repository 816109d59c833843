/** Checkpoints: the state of a run as a safetensors file, from which it continues to identical bits. */
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { canonicalJson, type Json, type JsonObject } from '../config/index.js'
import { UserError } from '../errors.js'
import { hashTensors, type NamedTensors, readSafetensors, writeSafetensors } from '../files/index.js'
import { sizeOf, type Weights } from '../models/index.js'
import { coreSemantics } from '../semantics.js'
import type { SourceState } from '../tasks/index.js'
import { type Slots, ticketTensors } from '../tickets/index.js'
import { type Arrays, arraysBelow, floats, merged, prefixed, slotTensors, tensorsBelow } from './checkpoint-tensors.js'
import type { Run } from './prepare.js'
import type { Snapshot } from './result.js'
import { type CurvePoint, curvesOf, type RunState } from './state.js'

/** A checkpoint that cannot be continued: damaged, or of another run. Without it the run starts afresh. */
export class CheckpointError extends UserError {}

const FORMAT = 'winning-tickets checkpoint 1'

const headSchema = z.object({
  iteration: z.int(),
  updates: z.int(),
  best: z.object({ iteration: z.int(), loss: z.number() }),
  window: z.object({ sum: z.number(), steps: z.int() }),
  kept: z.array(z.object({ step: z.int(), updates: z.int() })),
  source: z.json(),
})

/** Writes the run's checkpoint, if it was asked for one. */
export async function saveCheckpoint(run: Run, state: RunState): Promise<void> {
  const { options, source } = run
  if (options.checkpoint === undefined) return
  const sourceState: SourceState | null = source.kind === 'host-fed' ? source.state() : null
  const best = state.best!
  const head: z.input<typeof headSchema> = {
    iteration: state.iteration,
    updates: state.updates,
    best: { iteration: best.iteration, loss: best.loss },
    window: state.window,
    kept: Object.values(state.kept).map(({ step, optimizer }) => ({ step, updates: optimizer.updates })),
    source: (sourceState?.json ?? null) as z.input<typeof headSchema>['source'],
  }
  const { iteration, ...curves } = curvesOf(state.curve)
  const tensors: NamedTensors = {
    ...floats('weights', state.weights),
    ...slotTensors('slots', state.slots),
    ...floats('carried', state.carried),
    ...floats('best', best.weights),
    ...floats('curve', curves),
    'curve/iteration': { dtype: 'int32', shape: [iteration.length], data: iteration },
    ...merged(
      Object.values(state.kept).map(({ step, weights, optimizer }) => ({
        ...floats(`kept/${step}/weights`, weights),
        ...slotTensors(`kept/${step}/slots`, optimizer.slots),
      })),
    ),
    ...prefixed('source', sourceState?.tensors ?? {}),
  }
  await writeSafetensors(options.checkpoint.path, tensors, {
    format: FORMAT,
    run: canonicalJson(identity(run)),
    state: canonicalJson(head as JsonObject),
  })
}

/**
 * The state to continue from, or nothing if there is no checkpoint.
 *
 * @throws CheckpointError if the file is damaged or belongs to a run with another configuration
 */
export async function resume(run: Run): Promise<RunState | undefined> {
  const path = run.options.checkpoint?.path
  if (path === undefined || !existsSync(path)) return undefined
  const { tensors, metadata } = await readSafetensors(path).catch((error: unknown) => {
    throw error instanceof UserError ? new CheckpointError(error.message) : error
  })
  if (metadata.format !== FORMAT) {
    throw new CheckpointError(`${path} is not a checkpoint of this version (${FORMAT}); remove it to start afresh.`)
  }
  checkSameRun(path, metadata.run, identity(run))
  const head = parseHead(path, metadata.state)

  const part = (prefix: string): Arrays => arraysBelow(tensors, prefix)
  const { model, recipe, task } = run.options
  const parameters = Object.fromEntries(model.parameters.map(({ name, shape }) => [name, sizeOf(shape)]))
  const trainable = Object.fromEntries(
    model.parameters.filter((parameter) => parameter.trainable).map(({ name, shape }) => [name, sizeOf(shape)]),
  )
  const carriedSizes = Object.fromEntries(
    Object.entries(task.objective.state(recipe.batchSize)).map(([name, { shape }]) => [name, sizeOf(shape)]),
  )
  const weightsBelow = (prefix: string): Weights => checked(path, part(prefix), parameters)
  const slotsBelow = (prefix: string): Slots =>
    Object.fromEntries(run.rule.slots.map((slot) => [slot, checked(path, part(`${prefix}/${slot}`), trainable)]))
  const curve = checkedCurve(path, part('curve'))
  if (run.source.kind === 'host-fed') {
    run.source.restore({ json: head.source as Json, tensors: tensorsBelow(tensors, 'source') })
  }
  const { name } = recipe.optimizer
  return {
    iteration: head.iteration,
    updates: head.updates,
    weights: weightsBelow('weights'),
    slots: slotsBelow('slots'),
    carried: checked(path, part('carried'), carriedSizes),
    best: { ...head.best, weights: weightsBelow('best') },
    curve,
    window: head.window,
    kept: Object.fromEntries(
      head.kept.map(({ step, updates }): [number, Snapshot] => [
        step,
        {
          step,
          weights: weightsBelow(`kept/${step}/weights`),
          optimizer: { name, slots: slotsBelow(`kept/${step}/slots`), updates },
        },
      ]),
    ),
  }
}

/** All that decides a run's numbers. */
function identity({ options, keepAt }: Run): JsonObject {
  const { model, task, ticket, recipe, seed, engine } = options
  return {
    model: model.config,
    task: task.objective.config,
    data: task.dataId,
    ticket: hashTensors(ticketTensors(ticket)),
    step: ticket.step,
    updates: ticket.optimizer?.updates ?? null,
    recipe,
    seed,
    keepAt: [...keepAt].sort((a, b) => a - b),
    engine: engine.name,
    semantics: coreSemantics,
  }
}

function checkSameRun(path: string, stored: string | undefined, own: JsonObject): void {
  if (stored === canonicalJson(own)) return
  let other: JsonObject = {}
  try {
    other = JSON.parse(stored ?? '{}')
  } catch {
    // A damaged description differs in everything.
  }
  const differing = Object.keys(own).filter((key) => canonicalJson(own[key]!) !== canonicalJson(other[key] ?? null))
  throw new CheckpointError(
    `${path} is the checkpoint of another run (different ${differing.join(', ')}); remove it, or give this run another path.`,
  )
}

function parseHead(path: string, text: string | undefined): z.output<typeof headSchema> {
  try {
    return headSchema.parse(JSON.parse(text ?? ''))
  } catch {
    throw new CheckpointError(`${path} is a damaged checkpoint; remove it to start afresh.`)
  }
}

/** @throws CheckpointError unless the arrays have exactly these names and sizes, and are of float32 */
function checked(path: string, arrays: Arrays, sizes: Readonly<Record<string, number>>): Weights {
  const found = Object.entries(sizes).map(([name, size]): [string, Float32Array] => {
    const array = arrays[name]
    if (!(array instanceof Float32Array) || array.length !== size) throw damaged(path)
    return [name, array]
  })
  if (found.length !== Object.keys(arrays).length) throw damaged(path)
  return Object.fromEntries(found)
}

/** @throws CheckpointError unless all columns are there and as long as each other */
function checkedCurve(path: string, { iteration, ...columns }: Arrays): CurvePoint[] {
  if (!(iteration instanceof Int32Array)) throw damaged(path)
  const { length } = iteration
  const sizes = { trainLoss: length, validationLoss: length, validationAccuracy: length }
  const { trainLoss, validationLoss, validationAccuracy } = checked(path, columns, sizes)
  return Array.from(iteration, (step, i) => ({
    iteration: step,
    trainLoss: trainLoss![i]!,
    validationLoss: validationLoss![i]!,
    validationAccuracy: validationAccuracy![i]!,
  }))
}

const damaged = (path: string) =>
  new CheckpointError(`${path} is a damaged checkpoint (tensors are missing or wrong); remove it to start afresh.`)
