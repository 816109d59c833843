/** Moving a ticket to a model: another data set, another head. */
import { UserError } from '../errors.js'
import type { Masks } from '../masks/index.js'
import { type Model, type ParameterSpec, prunableParameters, sizeOf, type Weights } from '../models/index.js'
import { streams, within } from '../random/index.js'
import { checkTicket, policyOf, type Ticket } from './ticket.js'

export type ApplyOptions =
  /** The output layer comes with the ticket. */
  | { readonly head: 'keep' }
  /** The output layer is drawn anew (streams "head/<parameter>" of the seed) and is dense, as in Morcos et al. (claims.md 2.a). */
  | { readonly head: 'fresh'; readonly seed: number }

/**
 * The ticket for a model: parameters, batch norm's statistics among them, are matched by name and must have the same size;
 * so must masks. The step stays: for another data set's schedule from its start, set it to 0.
 *
 * @throws UserError with the names that do not match, on either side
 */
export function applyTicket(ticket: Ticket, model: Model, options: ApplyOptions): Ticket {
  const { optimizer: _, ...rest } = ticket
  const applied: Ticket = {
    ...(options.head === 'keep' ? ticket : withFreshHead(rest, model, options.seed)),
    model: model.name,
    prunable: policyOf(model),
    provenance: { applied: { model: model.config, ...options }, of: ticket.provenance },
  }
  checkTicket(model, applied)
  return applied
}

/** The optimizer's state knows nothing of the new head, so it starts afresh. */
function withFreshHead(ticket: Ticket, model: Model, seed: number): Ticket {
  const head = model.parameters.filter((parameter) => parameter.output)
  if (head.length === 0) throw new UserError(`Model ${model.name} has no output layer to draw afresh; keep the head.`)
  const drawn = model.init(within(streams(seed), 'head'))
  const weights: Weights = { ...ticket.weights, ...pick(head, ({ name }) => drawn[name]!) }
  if (ticket.mask === undefined) return { ...ticket, weights }
  const body = Object.entries(ticket.mask).filter(([name]) => !head.some((parameter) => parameter.name === name))
  const prunableHead = prunableParameters(model).filter((parameter) => parameter.output)
  const ones = pick(prunableHead, ({ shape }) => new Uint8Array(sizeOf(shape)).fill(1))
  const mask: Masks = { ...Object.fromEntries(body), ...ones }
  return { ...ticket, weights, mask }
}

function pick<T>(parameters: readonly ParameterSpec[], value: (parameter: ParameterSpec) => T): Record<string, T> {
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, value(parameter)]))
}
