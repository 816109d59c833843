/** From scores to a mask: global or layerwise, among all weights or those still kept. */
import { UserError } from '../errors.js'
import { countKept, type Masks } from './masks.js'
import { keptCount, type ScoreArray, topK } from './top-k.js'

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
  if (target.scope === 'global') return selectTogether(scores, target.density, among)
  return Object.fromEntries(
    Object.entries(scores).map(([name, score]) => {
      const density = target.densities[name]
      if (density === undefined) throw new UserError(`The layerwise target has no density for ${name}; give one.`)
      return [name, selectTogether({ [name]: score }, density, among)[name]!]
    }),
  )
}

function selectTogether(scores: Scores, density: number, among: Masks | undefined): Masks {
  const parts = Object.entries(scores)
  const total = parts.reduce((sum, [, score]) => sum + score.length, 0)
  const candidates = parts.reduce((sum, [name, score]) => sum + (among ? countKept(among[name]!) : score.length), 0)
  const k = keptCount(density, total)
  if (k > candidates) {
    throw new UserError(`Density ${density} keeps ${k} of ${total} weights, but only ${candidates} are left.`)
  }

  const ranked = new Float64Array(candidates)
  let next = 0
  for (const [name, score] of parts) {
    const mask = among?.[name]
    for (let i = 0; i < score.length; i++) if (mask === undefined || mask[i] === 1) ranked[next++] = score[i]!
  }
  const winners = topK(ranked, k)

  next = 0
  return Object.fromEntries(
    parts.map(([name, score]) => {
      const mask = among?.[name]
      const kept = new Uint8Array(score.length)
      for (let i = 0; i < score.length; i++) if (mask === undefined || mask[i] === 1) kept[i] = winners[next++]!
      return [name, kept]
    }),
  )
}
