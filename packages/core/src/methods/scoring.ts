/** From a score to a method: score, keep the best, repeat. */
import type { Engine } from '@winning-tickets/jit'
import type { z } from 'zod'
import type { JsonObject } from '../config/index.js'
import {
  denseMasks,
  type MaskedWeights,
  type Masks,
  maskWeights,
  type Scope,
  select,
  selectByThreshold,
  type Target,
  type ThresholdRule,
} from '../masks/index.js'
import { initialWeights, type Model, withPrunable } from '../models/index.js'
import { streams } from '../random/index.js'
import { maskedTicket } from '../tickets/index.js'
import type { MethodContext, ScoreContext, Scored, ScoredTicket, ScoringMethod } from './method.js'
import type { ScoringOptions } from './options.js'

/** The densities of n rounds that end at d: d^(1/n), d^(2/n), ..., d. */
export function exponentialDensities(density: number, rounds: number): number[] {
  return Array.from({ length: rounds }, (_, i) => (i === rounds - 1 ? density : density ** ((i + 1) / rounds)))
}

export interface ScoringMethodDefinition<Options extends ScoringOptions> {
  readonly name: string
  readonly options: z.ZodType<Options>
  readonly score: (context: ScoreContext, options: Options) => Promise<Scored>
  /** What a round keeps; by default its density everywhere, by the scope. */
  readonly target?: (model: Model, density: number, options: Options) => Target
  /** How the authors' code compares scores with a threshold: what the option `selection: 'threshold'` asks for. */
  readonly threshold?: ThresholdRule
  /** An engine of its own, closed when the ticket is found; by default the context's. */
  readonly ownEngine?: (options: Options, given: Engine) => Promise<Engine> | undefined
}

/** The method of a score: prunes a network at initialisation. */
export function scoringMethod<Options extends ScoringOptions & JsonObject>({
  name,
  options: schema,
  score,
  target = (model, density, { scope }) => evenTarget(scope, density, Object.keys(denseMasks(model))),
  threshold,
  ownEngine,
}: ScoringMethodDefinition<Options>): ScoringMethod<Options> {
  async function findScored(context: MethodContext, options: Options): Promise<ScoredTicket> {
    const { task, seed, signal, onRound } = context
    const model = withPrunable(context.model, options.prunable)
    const initial = initialWeights(model, seed)
    const own = await ownEngine?.(options, context.engine)
    try {
      const common = { model, task: task.plain ?? task, engine: own ?? context.engine, streams: streams(seed) }
      let mask: Masks = denseMasks(model)
      let masked: MaskedWeights | undefined
      let scored: Scored = { scores: {} }
      for (const [i, density] of exponentialDensities(options.density, options.rounds).entries()) {
        signal?.throwIfAborted()
        masked = { weights: maskWeights(initial, mask, masked), masks: mask }
        scored = await score({ ...common, weights: masked.weights, mask, into: scored.scores }, options)
        const wanted = target(model, density, options)
        const byThreshold = options.selection === 'threshold' && threshold !== undefined
        mask = byThreshold ? selectByThreshold(scored.scores, wanted, threshold) : select(scored.scores, wanted, mask)
        onRound?.({ round: i + 1, rounds: options.rounds, density })
      }
      const provenance = { method: name, options, seed }
      const ticket = maskedTicket(model, { mask, weights: initial, step: 0, provenance })
      return { ticket, ...scored, ...(own && { engine: own.description }) }
    } finally {
      await own?.dispose()
    }
  }

  return {
    name,
    trains: false,
    options: schema,
    forDensity: (density, given = {}) => ({ ...given, density }),
    score,
    findScored,
    findTicket: async (context, options) => (await findScored(context, options)).ticket,
  }
}

/** One density for all weights together, or for each parameter. */
export function evenTarget(scope: Scope, density: number, names: readonly string[]): Target {
  if (scope === 'global') return { scope, density }
  return { scope, densities: Object.fromEntries(names.map((name) => [name, density])) }
}
