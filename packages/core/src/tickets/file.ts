/** Tickets as safetensors files that other programs can read. */
import { z } from 'zod'
import { canonicalJson, type JsonObject } from '../config/index.js'
import { UserError } from '../errors.js'
import { type NamedTensors, readSafetensors, type StoredTensor, writeSafetensors } from '../files/index.js'
import type { Masks } from '../masks/index.js'
import type { Model, Weights } from '../models/index.js'
import type { Ticket } from './ticket.js'

const FORMAT = 'winning-tickets ticket 1'

const headSchema = z.strictObject({
  model: z.string(),
  prunable: z.string(),
  masked: z.boolean(),
  step: z.int().min(0),
  optimizer: z.strictObject({ name: z.string(), updates: z.int().min(0) }).nullable(),
  provenance: z.record(z.string(), z.json()),
})

/**
 * The tensors of a ticket: each parameter under its name ("fc1.kernel", F32), its mask under "mask.fc1.kernel" (U8, 0
 * or 1, in the parameter's shape), the optimizer's state under "optimizer.<slot>.fc1.kernel" (F32).
 */
export function ticketTensors({ weights, mask = {}, optimizer }: Ticket, model?: Model): NamedTensors {
  const shapes = new Map(model?.parameters.map(({ name, shape }) => [name, shape]))
  const tensor = (dtype: 'float32' | 'uint8', prefix: string, data: StoredTensor['data'], name: string) =>
    [`${prefix}${name}`, { dtype, shape: shapes.get(name) ?? [data.length], data }] as const
  return Object.fromEntries([
    ...Object.entries(weights).map(([name, data]) => tensor('float32', '', data, name)),
    ...Object.entries(mask).map(([name, data]) => tensor('uint8', 'mask.', data, name)),
    ...Object.entries(optimizer?.slots ?? {}).flatMap(([slot, values]) =>
      Object.entries(values).map(([name, data]) => tensor('float32', `optimizer.${slot}.`, data, name)),
    ),
  ])
}

/** Writes a ticket, atomically; what is not a tensor is JSON under the key "ticket" of the file's metadata. */
export async function writeTicket(path: string, ticket: Ticket, model: Model): Promise<void> {
  const { mask, step, optimizer, prunable, provenance } = ticket
  const head: JsonObject = {
    model: ticket.model,
    prunable,
    masked: mask !== undefined,
    step,
    optimizer: optimizer === undefined ? null : { name: optimizer.name, updates: optimizer.updates },
    provenance,
  }
  await writeSafetensors(path, ticketTensors(ticket, model), { format: FORMAT, ticket: canonicalJson(head) })
}

/**
 * Reads a ticket.
 *
 * @throws UserError if the file is not a ticket; whether it fits a model, `applyTicket` tells
 */
export async function readTicket(path: string): Promise<Ticket> {
  const { tensors, metadata } = await readSafetensors(path)
  if (metadata.format !== FORMAT)
    throw new UserError(`${path} is not a ticket (${FORMAT}); give a file that \`tickets\` wrote.`)
  const head = parseHead(path, metadata.ticket)
  const weights: Record<string, Float32Array> = {}
  const mask: Record<string, Uint8Array> = {}
  const slots: Record<string, Record<string, Float32Array>> = {}
  for (const [name, { data }] of Object.entries(tensors)) {
    const slot = /^optimizer\.([^.]+)\.(.+)$/.exec(name)
    if (data instanceof Uint8Array && name.startsWith('mask.')) mask[name.slice('mask.'.length)] = data
    else if (data instanceof Float32Array && slot !== null) {
      const [, kept, parameter] = slot as unknown as [string, string, string]
      slots[kept] = { ...slots[kept], [parameter]: data }
    } else if (data instanceof Float32Array) weights[name] = data
    else throw new UserError(`${path} has a tensor ${name} that no ticket has; give a file that \`tickets\` wrote.`)
  }
  return {
    model: head.model,
    prunable: head.prunable,
    ...(head.masked ? { mask: mask satisfies Masks } : {}),
    weights: weights satisfies Weights,
    step: head.step,
    ...(head.optimizer === null ? {} : { optimizer: { ...head.optimizer, slots } }),
    provenance: head.provenance as JsonObject,
  }
}

function parseHead(path: string, text: string | undefined): z.output<typeof headSchema> {
  try {
    return headSchema.parse(JSON.parse(text ?? ''))
  } catch {
    throw new UserError(`${path} is a damaged ticket: its metadata cannot be read; make it again.`)
  }
}
