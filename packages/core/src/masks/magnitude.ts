/** The magnitude score: |theta| of each prunable weight. */
import { type Model, prunableParameters, type Weights } from '../models/index.js'
import type { Scores } from './select.js'

export function magnitudes(model: Model, weights: Weights): Scores {
  return Object.fromEntries(prunableParameters(model).map(({ name }) => [name, weights[name]!.map(Math.abs)]))
}
