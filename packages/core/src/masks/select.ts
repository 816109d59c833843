/** From scores to a mask: global or layerwise, among all weights or those still kept. */
import { UserError } from '../errors.js'
import type { Masks } from './masks.js'
import { keptCount, type ScoreArray, topKOfAll } from './top-k.js'

/** One number for each prunable weight, by parameter, in the model's order; larger is kept. */
export type Scores = Readonly<Record<string, ScoreArray>>

export type Scope = 'global' | 'layerwise'

/** What to keep: a density of all prunable weights ranked together, or one for each parameter ranked alone. */
export type Target =
  | { readonly scope: 'global'; readonly density: number }
  | { readonly scope: 'layerwise'; readonly densities: Readonly<Record<string, number>> }

/**
 * The mask that keeps exactly K = round(density * N) weights, the best by score, ties by flat index (parameters one
 * after the other in the order of `scores`). N counts all prunable weights, also those that are no longer candidates.
 *
 * @param among the candidates, when only weights still kept may stay
 * @throws UserError if there are fewer candidates than weights to keep
 */
export function select(scores: Scores, target: Target, among?: Masks): Masks {
  if (target.scope === 'global') return selectCount(scores, keptCount(target.density, sizeOfScores(scores)), among)
  return byParameter(scores, target, (own, density) => selectCount(own, keptCount(density, sizeOfScores(own)), among))
}

/**
 * Masks that are chosen for each parameter alone, at its density.
 *
 * @throws UserError if a parameter has none
 */
export function byParameter(
  scores: Scores,
  { densities }: Extract<Target, { scope: 'layerwise' }>,
  choose: (own: Scores, density: number) => Masks,
): Masks {
  return Object.fromEntries(
    Object.entries(scores).map(([name, score]) => {
      const density = densities[name]
      if (density === undefined) throw new UserError(`The layerwise target has no density for ${name}; give one.`)
      return [name, choose({ [name]: score }, density)[name]!]
    }),
  )
}

/**
 * The mask that keeps exactly the k best of all scores ranked together.
 *
 * @throws UserError if there are fewer candidates
 */
export function selectCount(scores: Scores, k: number, among?: Masks): Masks {
  const parts = Object.entries(scores)
  const kept = topKOfAll(
    parts.map(([name, score]) => ({ scores: score, mask: among?.[name] })),
    k,
  )
  return Object.fromEntries(parts.map(([name], i) => [name, kept[i]!]))
}

/** N, of all parameters. */
export function sizeOfScores(scores: Scores): number {
  return Object.values(scores).reduce((sum, score) => sum + score.length, 0)
}
