/** The selector of reference implementations: a comparison with a threshold, which may miss K (trap T2). */
import type { Masks } from './masks.js'
import { byParameter, type Scores, selectCount, sizeOfScores, type Target } from './select.js'
import { checkDensity, type ScoreArray } from './top-k.js'

/**
 * What is left when the k = floor((1 - density) * N) lowest scores are to go and each score is compared with the k-th lowest:
 * `above` it, so that all that tie with it go, too; or `from` it on, so that it stays itself, with its ties.
 */
export type ThresholdRule = 'above' | 'from'

/**
 * The mask of a rule. A weight that is masked counts with the score it has, which must be the lowest: zero for saliencies.
 *
 * @throws UserError as `select`
 */
export function selectByThreshold(scores: Scores, target: Target, rule: ThresholdRule): Masks {
  if (target.scope === 'global') return compared(scores, target.density, rule)
  return byParameter(scores, target, (own, density) => compared(own, density, rule))
}

function compared(scores: Scores, density: number, rule: ThresholdRule): Masks {
  checkDensity(density)
  const total = sizeOfScores(scores)
  const removed = Math.floor((1 - density) * total)
  const rest = selectCount(scores, total - Math.max(removed - 1, 0))
  if (removed === 0) return rest
  const threshold = lowest(scores, rest)
  const flag = (score: ScoreArray): Uint8Array => {
    const flags = new Uint8Array(score.length)
    for (let i = 0; i < flags.length; i++) {
      const value = score[i]!
      flags[i] = Number(value > threshold || (rule === 'from' && value === threshold))
    }
    return flags
  }
  return Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, flag(score)]))
}

/** The lowest of the scores that a mask keeps. */
function lowest(scores: Scores, masks: Masks): number {
  let least = Infinity
  for (const [name, score] of Object.entries(scores)) {
    const mask = masks[name]!
    for (let i = 0; i < score.length; i++) if (mask[i] === 1 && score[i]! < least) least = score[i]!
  }
  return least
}
