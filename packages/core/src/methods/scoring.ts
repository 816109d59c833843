/** From a score to a method: score, keep the best, repeat. */
import type { z } from 'zod'
import type { JsonObject } from '../config/index.js'
import { denseMasks, type Masks, maskWeights, type Scope, type Scores, select, type Target } from '../masks/index.js'
import { initialWeights } from '../models/index.js'
import { streams } from '../random/index.js'
import { maskedTicket } from '../tickets/index.js'
import type { ScoreContext, ScoringMethod, ScoringOptions } from './method.js'

/** The densities of n rounds that end at d: d^(1/n), d^(2/n), ..., d. */
export function exponentialDensities(density: number, rounds: number): number[] {
  return Array.from({ length: rounds }, (_, i) => (i === rounds - 1 ? density : density ** ((i + 1) / rounds)))
}

export interface ScoringMethodDefinition<Options extends ScoringOptions> {
  readonly name: string
  readonly options: z.ZodType<Options>
  readonly score: (context: ScoreContext, options: Options) => Promise<Scores>
}

/** The method of a score: prunes a network at initialisation. */
export function scoringMethod<Options extends ScoringOptions & JsonObject>({
  name,
  options: schema,
  score,
}: ScoringMethodDefinition<Options>): ScoringMethod<Options> {
  return {
    name,
    options: schema,
    score,
    async findTicket({ model, task, engine, seed }, options) {
      const initial = initialWeights(model, seed)
      let mask: Masks = denseMasks(model)
      for (const density of exponentialDensities(options.density, options.rounds)) {
        const weights = maskWeights(initial, mask)
        const scores = await score(
          { model, task: task.plain ?? task, engine, streams: streams(seed), weights, mask },
          options,
        )
        mask = select(scores, evenTarget(options.scope, density, Object.keys(scores)), mask)
      }
      return maskedTicket(model, { mask, weights: initial, step: 0, provenance: { method: name, options, seed } })
    },
  }
}

/** One density for all weights together, or for each parameter. */
export function evenTarget(scope: Scope, density: number, names: readonly string[]): Target {
  if (scope === 'global') return { scope, density }
  return { scope, densities: Object.fromEntries(names.map((name) => [name, density])) }
}
