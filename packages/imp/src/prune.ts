/** The pruning step, and the ticket that a level starts from. */
import {
  denseTicket,
  initialWeights,
  type JsonObject,
  type Masks,
  type Model,
  magnitudes,
  maskedTicket,
  select,
  type Target,
  type Ticket,
  type Weights,
} from '@winning-tickets/core'

/**
 * Keeps the weights of largest |theta| among those still unmasked: exactly K = round(density * N), ties by flat index.
 *
 * @throws UserError if fewer weights are left than the target keeps
 */
export function pruneByMagnitude(model: Model, trained: Weights, mask: Masks | undefined, target: Target): Masks {
  return select(magnitudes(model, trained), target, mask)
}

export interface LevelStart {
  readonly mask?: Masks
  /** The weights under the mask: theta_0 of the seed, or those of another network, trained on from `step`. */
  readonly from: 'init' | { readonly weights: Weights; readonly step: number }
}

/** The ticket of a start, with a fresh optimizer state (claims.md 13). */
export function levelTicket(
  model: Model,
  seed: number,
  { mask, from }: LevelStart,
  provenance: JsonObject = {},
): Ticket {
  const { weights, step } = from === 'init' ? { weights: initialWeights(model, seed), step: 0 } : from
  const origin = { weights, step, provenance: { method: 'imp', seed, ...provenance } }
  return mask === undefined ? { ...denseTicket(model, seed), ...origin } : maskedTicket(model, { mask, ...origin })
}
