/** The ticket that a level starts from. */
import {
  denseTicket,
  initialWeights,
  type JsonObject,
  type Masks,
  type Model,
  maskedTicket,
  type Ticket,
  type Weights,
} from '@winning-tickets/core'

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
