/** A ticket: a mask, the weights to start from, and where both came from. */
import type { JsonObject } from '../config/index.js'
import { UserError } from '../errors.js'
import { checkMasks, type Masks, maskWeights } from '../masks/index.js'
import { initialWeights, type Model, sizeOf, type Weights } from '../models/index.js'

/** What an optimizer keeps: for each slot, a tensor for each trainable parameter. */
export type Slots = Readonly<Record<string, Weights>>

/** An optimizer in the middle of a run. */
export interface OptimizerState {
  /** The optimizer's name in recipes: "adam". */
  readonly name: string
  readonly slots: Slots
  /** Updates made since the slots were zero. */
  readonly updates: number
}

export interface Ticket {
  /** The model that the parameters were named by. */
  readonly model: string
  /** Which weights may be pruned: the model's `prunablePolicy`, "kernels" for all kernels. */
  readonly prunable: string
  /** None for a dense network. */
  readonly mask?: Masks
  /** Zero where the mask is zero. */
  readonly weights: Weights
  /** The iteration that training starts from: 0, or the rewind point, from which schedule and data order continue. */
  readonly step: number
  /** The optimizer's state at that step, to start with; fresh (zero) if absent, which is the default (claims.md 13). */
  readonly optimizer?: OptimizerState
  /** How it came about: method and its options, seeds, levels, controls. */
  readonly provenance: JsonObject
}

/** The dense network of a seed at initialisation. */
export function denseTicket(model: Model, seed: number): Ticket {
  return {
    model: model.name,
    prunable: policyOf(model),
    weights: initialWeights(model, seed),
    step: 0,
    provenance: { method: 'dense', seed },
  }
}

/** A ticket from a mask and the weights to start from, of which the masked ones are set to zero. */
export function maskedTicket(
  model: Model,
  { mask, weights, ...rest }: Pick<Ticket, 'weights' | 'step' | 'optimizer' | 'provenance'> & { readonly mask: Masks },
): Ticket {
  checkMasks(model, mask)
  return { model: model.name, prunable: policyOf(model), mask, weights: maskWeights(weights, mask), ...rest }
}

export function policyOf({ prunablePolicy = 'kernels' }: Model): string {
  return prunablePolicy
}

/** Parameters that an error names, at most. */
const SHOWN = 5

/** @throws UserError unless the ticket has weights and masks for exactly this model's parameters */
export function checkTicket(model: Model, { weights, mask }: Ticket): void {
  const wrong = model.parameters
    .filter(({ name, shape }) => weights[name]?.length !== sizeOf(shape))
    .map(({ name, shape }) => `${name} (${weights[name]?.length ?? 'no'} values, needs ${sizeOf(shape)})`)
  const strangers = Object.keys(weights).filter((name) => !model.parameters.some((p) => p.name === name))
  const all = [...wrong, ...strangers.map((name) => `${name} (unknown)`)]
  if (all.length > 0) {
    const more = all.length > SHOWN ? ` and ${all.length - SHOWN} more` : ''
    throw new UserError(
      `The ticket does not fit model ${model.name}: ${all.slice(0, SHOWN).join(', ')}${more}; use applyTicket, or the model it was found in.`,
    )
  }
  if (mask !== undefined) checkMasks(model, mask)
}
