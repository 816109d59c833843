/** Checkpoints: the state of a run as a safetensors file, from which it continues to identical bits. */
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { canonicalJson, type Json, type JsonObject } from '../config/index.js'
import { UserError } from '../errors.js'
import { hashTensors, type NamedTensors, readSafetensors, type StoredTensor, writeSafetensors } from '../files/index.js'
import type { Weights } from '../models/index.js'
import { coreSemantics } from '../semantics.js'
import type { SourceState } from '../tasks/index.js'
import { ticketTensors } from '../tickets/index.js'
import type { Run } from './prepare.js'
import type { Snapshot } from './result.js'
import { curvesOf, type RunState } from './state.js'

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
 * @throws UserError if the file is damaged or belongs to a run with another configuration
 */
export async function resume(run: Run): Promise<RunState | undefined> {
  const path = run.options.checkpoint?.path
  if (path === undefined || !existsSync(path)) return undefined
  const { tensors, metadata } = await readSafetensors(path)
  if (metadata.format !== FORMAT) {
    throw new UserError(`${path} is not a checkpoint of this version (${FORMAT}); remove it to start afresh.`)
  }
  checkSameRun(path, metadata.run, identity(run))
  const head = parseHead(path, metadata.state)

  const part = (prefix: string): Weights =>
    Object.fromEntries(
      Object.entries(tensors)
        .filter(([name]) => name.startsWith(`${prefix}/`))
        .map(([name, { data }]) => [name.slice(prefix.length + 1), data as Float32Array]),
    )
  const slots = (prefix: string) => Object.fromEntries(run.rule.slots.map((slot) => [slot, part(`${prefix}/${slot}`)]))
  const curve = part('curve')
  if (run.source.kind === 'host-fed') {
    const own = Object.entries(tensors).filter(([name]) => name.startsWith('source/'))
    run.source.restore({
      json: head.source as Json,
      tensors: Object.fromEntries(own.map(([name, tensor]) => [name.slice('source/'.length), tensor])),
    })
  }
  const name = run.options.recipe.optimizer.name
  return {
    iteration: head.iteration,
    updates: head.updates,
    weights: part('weights'),
    slots: slots('slots'),
    carried: part('carried'),
    best: { ...head.best, weights: part('best') },
    curve: Array.from(curve.iteration!, (iteration, i) => ({
      iteration,
      trainLoss: curve.trainLoss![i]!,
      validationLoss: curve.validationLoss![i]!,
      validationAccuracy: curve.validationAccuracy![i]!,
    })),
    window: head.window,
    kept: Object.fromEntries(
      head.kept.map(({ step, updates }): [number, Snapshot] => [
        step,
        {
          step,
          weights: part(`kept/${step}/weights`),
          optimizer: { name, slots: slots(`kept/${step}/slots`), updates },
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
  throw new UserError(
    `${path} is the checkpoint of another run (different ${differing.join(', ')}); remove it, or give this run another path.`,
  )
}

function parseHead(path: string, text: string | undefined): z.output<typeof headSchema> {
  try {
    return headSchema.parse(JSON.parse(text ?? ''))
  } catch {
    throw new UserError(`${path} is a damaged checkpoint; remove it to start afresh.`)
  }
}

function floats(prefix: string, arrays: Weights): NamedTensors {
  const entries = Object.entries(arrays).map(([name, data]): [string, StoredTensor] => [
    `${prefix}/${name}`,
    { dtype: 'float32', shape: [data.length], data },
  ])
  return Object.fromEntries(entries)
}

function slotTensors(prefix: string, slots: Readonly<Record<string, Weights>>): NamedTensors {
  return merged(Object.entries(slots).map(([slot, values]) => floats(`${prefix}/${slot}`, values)))
}

function prefixed(prefix: string, tensors: NamedTensors): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}/${name}`, tensor]))
}

function merged(parts: readonly NamedTensors[]): NamedTensors {
  return Object.assign({}, ...parts)
}
