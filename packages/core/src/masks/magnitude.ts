/** Magnitudes, and the mask they give. */
import { type Model, prunableParameters, type Weights } from '../models/index.js'
import type { Masks } from './masks.js'
import { type Scores, select, type Target } from './select.js'

/** |theta| of each prunable weight. */
export function magnitudes(model: Model, weights: Weights): Scores {
  return Object.fromEntries(prunableParameters(model).map(({ name }) => [name, weights[name]!.map(Math.abs)]))
}

/**
 * Keeps the weights of largest |theta| among those still unmasked: exactly K = round(density * N), ties by flat index.
 *
 * @throws UserError if fewer weights are left than the target keeps
 */
export function pruneByMagnitude(model: Model, trained: Weights, mask: Masks | undefined, target: Target): Masks {
  return select(magnitudes(model, trained), target, mask)
}
