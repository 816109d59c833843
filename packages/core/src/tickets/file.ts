/** Tickets as safetensors files that other programs can read; docs/tickets.md describes them for their authors. */
import { z } from 'zod'
import { canonicalJson, type JsonObject } from '../config/index.js'
import { UserError } from '../errors.js'
import { type NamedTensors, readSafetensors, type StoredTensor, writeSafetensors } from '../files/index.js'
import { type Masks, maskWeights, type Scores } from '../masks/index.js'
import type { Model, Weights } from '../models/index.js'
import type { Ticket } from './ticket.js'

const FORMAT = 'winning-tickets ticket 1'

/** What a file may hold beside its ticket, so that a mask can be checked with another framework. */
export interface TicketEvidence {
  /** The weights from before masking, of which the ticket's are the unmasked ones. */
  readonly initial?: Weights
  /** One number for each prunable weight, by which the mask was chosen. */
  readonly scores?: Scores
  /** The examples that the scores were taken on: "images" [n, ...] as bytes and "labels" [n]. */
  readonly batch?: NamedTensors
}

export interface TicketFile extends TicketEvidence {
  readonly ticket: Ticket
  /** Name and options of the ticket's model; absent in files of other versions. */
  readonly config?: JsonObject
}

const json = z.record(z.string(), z.json())
const headSchema = z.strictObject({
  model: z.string(),
  config: json.optional(),
  prunable: z.string(),
  masked: z.boolean(),
  step: z.int().min(0),
  optimizer: z.strictObject({ name: z.string(), updates: z.int().min(0) }).nullable(),
  provenance: json,
})

/**
 * The tensors of a ticket: each parameter under its name ("fc1.kernel", F32), its mask under "mask.fc1.kernel" (U8, 0
 * or 1, in the parameter's shape), the optimizer's state under "optimizer.<slot>.fc1.kernel" (F32).
 */
export function ticketTensors({ weights, mask = {}, optimizer }: Ticket, model?: Model): NamedTensors {
  const slots = Object.entries(optimizer?.slots ?? {})
  return Object.fromEntries(
    [
      named('', weights, model),
      named('mask.', mask, model),
      ...slots.map(([slot, values]) => named(`optimizer.${slot}.`, values, model)),
    ].flatMap(Object.entries<StoredTensor>),
  )
}

function named(prefix: string, arrays: Readonly<Record<string, StoredTensor['data']>>, model?: Model): NamedTensors {
  const shapes = new Map(model?.parameters.map(({ name, shape }) => [name, shape]))
  return Object.fromEntries(
    Object.entries(arrays).map(([name, data]) => [
      `${prefix}${name}`,
      { dtype: dtypeOf(data), shape: shapes.get(name) ?? [data.length], data },
    ]),
  )
}

function dtypeOf(data: StoredTensor['data']): StoredTensor['dtype'] {
  if (data instanceof Float64Array) return 'float64'
  return data instanceof Float32Array ? 'float32' : data instanceof Uint8Array ? 'uint8' : 'int32'
}

/**
 * Writes a ticket, atomically; what is not a tensor is JSON under the key "ticket" of the file's metadata. With the weights
 * from before masking, "initial.<name>" stands for "<name>", since that is the same under the mask.
 */
export async function writeTicket(
  path: string,
  ticket: Ticket,
  model: Model,
  { initial, scores = {}, batch = {} }: TicketEvidence = {},
): Promise<void> {
  const { mask, step, optimizer, prunable, provenance } = ticket
  const head: JsonObject = {
    model: ticket.model,
    config: model.config,
    prunable,
    masked: mask !== undefined,
    step,
    optimizer: optimizer === undefined ? null : { name: optimizer.name, updates: optimizer.updates },
    provenance,
  }
  const tensors = {
    ...ticketTensors(initial === undefined ? ticket : { ...ticket, weights: {} }, model),
    ...named('initial.', initial ?? {}, model),
    ...named('scores.', scores, model),
    ...Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [`batch.${name}`, tensor])),
  }
  await writeSafetensors(path, tensors, { format: FORMAT, ticket: canonicalJson(head) })
}

/**
 * Reads a ticket.
 *
 * @throws UserError if the file is not a ticket; whether it fits a model, `applyTicket` tells
 */
export async function readTicket(path: string): Promise<Ticket> {
  return (await readTicketFile(path)).ticket
}

/**
 * Reads a ticket and what the file holds beside it.
 *
 * @throws UserError if the file is not a ticket
 */
export async function readTicketFile(path: string): Promise<TicketFile> {
  const { tensors, metadata } = await readSafetensors(path)
  if (metadata.format !== FORMAT)
    throw new UserError(`${path} is not a ticket (${FORMAT}); give a file that \`tickets\` wrote.`)
  const { config, masked, optimizer, ...head } = parseHead(path, metadata.ticket)
  const { weights, mask, slots, initial, scores, batch } = sort(path, tensors)
  if (initial !== undefined) checkInitial(path, initial, mask)
  return {
    ticket: {
      ...head,
      ...(masked ? { mask: mask satisfies Masks } : {}),
      weights: initial === undefined ? weights : maskWeights(initial, mask),
      ...(optimizer === null ? {} : { optimizer: { ...optimizer, slots } }),
      provenance: head.provenance as JsonObject,
    },
    ...(config === undefined ? {} : { config: config as JsonObject }),
    ...(initial === undefined ? {} : { initial }),
    ...(scores === undefined ? {} : { scores }),
    ...(batch === undefined ? {} : { batch }),
  }
}

type Arrays<Value> = Record<string, Value>

/** The tensors of a file by what they are. @throws UserError for one that no ticket has */
function sort(path: string, tensors: NamedTensors) {
  const weights: Arrays<Float32Array> = {}
  const mask: Arrays<Uint8Array> = {}
  const slots: Arrays<Arrays<Float32Array>> = {}
  const initial: Arrays<Float32Array> = {}
  const scores: Arrays<Float32Array | Float64Array> = {}
  const batch: Arrays<StoredTensor> = {}
  for (const [full, tensor] of Object.entries(tensors)) {
    const { data } = tensor
    const [, part, name = full] = /^(mask|initial|scores|batch|optimizer\.[^.]+)\.(.+)$/s.exec(full) ?? []
    if (part === 'mask' && data instanceof Uint8Array) mask[name] = data
    else if (part === 'initial' && data instanceof Float32Array) initial[name] = data
    else if (part === 'scores' && (data instanceof Float32Array || data instanceof Float64Array)) scores[name] = data
    else if (part === 'batch') batch[name] = tensor
    else if (part?.startsWith('optimizer.') && data instanceof Float32Array) {
      const slot = part.slice('optimizer.'.length)
      slots[slot] = { ...slots[slot], [name]: data }
    } else if (part === undefined && data instanceof Float32Array) weights[name] = data
    else throw new UserError(`${path} has a tensor ${full} that no ticket has; give a file that \`tickets\` wrote.`)
  }
  const any = <Value>(record: Arrays<Value>) => (Object.keys(record).length === 0 ? undefined : record)
  return { weights, mask, slots, initial: any(initial), scores: any(scores), batch: any(batch) }
}

/** @throws UserError for a mask that covers none of the initial weights, or not all of one */
function checkInitial(path: string, initial: Weights, mask: Masks): void {
  const wrong = Object.keys(mask).find((name) => initial[name]?.length !== mask[name]!.length)
  if (wrong === undefined) return
  throw new UserError(
    `${path} is a damaged ticket: mask.${wrong} has ${mask[wrong]!.length} values and initial.${wrong} ${initial[wrong]?.length ?? 'none'}; make it again.`,
  )
}

function parseHead(path: string, text: string | undefined): z.output<typeof headSchema> {
  try {
    return headSchema.parse(JSON.parse(text ?? ''))
  } catch {
    throw new UserError(`${path} is a damaged ticket: its metadata cannot be read; make it again.`)
  }
}
