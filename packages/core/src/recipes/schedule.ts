/** Learning rates over iterations. */
import type { Recipe } from './recipe.js'

/**
 * The learning rate of an iteration (0 is the first), in float64. A warm-up of k iterations scales it by iteration / k
 * before iteration k, so that it starts from 0 (claims.md 1.b); a drop at iteration n holds from n on.
 */
export function learningRateAt(
  iteration: number,
  { learningRate, schedule, warmup }: Pick<Recipe, 'learningRate' | 'schedule' | 'warmup'>,
): number {
  const drops = schedule.name === 'steps' ? schedule.at.filter((at) => at <= iteration).length : 0
  const dropped = schedule.name === 'steps' ? learningRate * schedule.factor ** drops : learningRate
  return iteration < warmup ? (dropped * iteration) / warmup : dropped
}
