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
  if (target.scope === 'global') return selectCount(scores, keptCount(target.density, sizeOfScores(scores)), among)
  return Object.fromEntries(
    Object.entries(scores).map(([name, score]) => {
      const density = target.densities[name]
      if (density === undefined) throw new UserError(`The layerwise target has no density for ${name}; give one.`)
      return [name, selectCount({ [name]: score }, keptCount(density, score.length), among)[name]!]
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
  const total = sizeOfScores(scores)
  const candidates = among ? parts.reduce((sum, [name]) => sum + countKept(among[name]!), 0) : total
  if (k > candidates) {
    throw new UserError(
      `${k} of ${total} weights cannot be kept, since only ${candidates} are left; choose a lower density.`,
    )
  }

  // Doubles only where there are some: half the memory is half the time.
  const single = parts.every(([, score]) => score instanceof Float32Array)
  const ranked = single ? new Float32Array(candidates) : new Float64Array(candidates)
  const masks = candidates < total ? among : undefined
  let next = 0
  for (const [name, score] of parts) {
    const mask = masks?.[name]
    if (mask === undefined) {
      ranked.set(score, next)
      next += score.length
    } else for (let i = 0; i < score.length; i++) if (mask[i] === 1) ranked[next++] = score[i]!
  }
  const winners = topK(ranked, k)

  next = 0
  return Object.fromEntries(
    parts.map(([name, score]) => {
      const mask = masks?.[name]
      if (mask === undefined) {
        next += score.length
        return [name, winners.slice(next - score.length, next)]
      }
      const kept = new Uint8Array(score.length)
      for (let i = 0; i < score.length; i++) if (mask[i] === 1) kept[i] = winners[next++]!
      return [name, kept]
    }),
  )
}

function sizeOfScores(scores: Scores): number {
  return Object.values(scores).reduce((sum, score) => sum + score.length, 0)
}
