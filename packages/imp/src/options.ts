/** Options of iterative magnitude pruning, and the densities of its levels. */
import {
  type JsonObject,
  type Model,
  parseConfig,
  prunableParameters,
  type Target,
  UserError,
} from '@winning-tickets/core'
import { z } from 'zod'
import type { Plan } from './algorithm.js'

/** A fraction of the weights that are left, removed each round. */
const rate = z.number().gt(0).lt(1)

const layerwise = z
  .strictObject({
    scope: z.literal('layerwise'),
    dense: rate.default(0.2),
    conv: rate.default(0.1),
    /** Of the output layer; default half the dense rate (claims.md 1.a). */
    output: rate.optional(),
  })
  .transform(({ output, ...rates }) => ({ ...rates, output: output ?? rates.dense / 2 }))

const global = z.strictObject({ scope: z.literal('global'), rate: rate.default(0.2) })

export const impOptionsSchema = z.strictObject({
  /** Levels below the dense network. */
  rounds: z.int().min(1),
  /**
   * iterative: Strategy 1, each round trains from the reset weights. one-shot: one training, then each level is pruned
   * at once. continued: Strategy 2, rounds train on from the trained weights and only tickets are reset.
   */
  strategy: z.enum(['iterative', 'one-shot', 'continued']).default('iterative'),
  rates: z.union([layerwise, global]).default({ scope: 'layerwise', dense: 0.2, conv: 0.1, output: 0.1 }),
  /** The iteration whose weights survivors are set back to; 0 is initialisation. */
  rewindTo: z.int().min(0).default(0),
})

export type ImpOptions = z.output<typeof impOptionsSchema>
export type ImpOptionsInput = z.input<typeof impOptionsSchema>

/** @throws UserError that names the wrong option */
export function impOptions(given: ImpOptionsInput): ImpOptions {
  return parseConfig(impOptionsSchema, given, 'imp options')
}

/**
 * Options that end at a density: rounds of one global rate, as many as given, or so many that the rate is near a fifth.
 *
 * @throws UserError for a density that nothing can be pruned to, and for rates, which say a density themselves
 */
export function optionsTo(density: number, given: JsonObject = {}): JsonObject {
  if (!(density > 0 && density < 1)) {
    throw new UserError(`Iterative pruning ends at a density between 0 and 1, not ${density}; give one such as 0.05.`)
  }
  if (given.rates !== undefined) {
    throw new UserError('Iterative pruning takes a density or rates, not both; leave out one of them.')
  }
  const usual = Math.max(1, Math.round(Math.log(density) / Math.log(0.8)))
  const rounds = typeof given.rounds === 'number' ? given.rounds : usual
  return { ...given, rounds, rates: { scope: 'global', rate: 1 - density ** (1 / rounds) } }
}

/** The algorithm's plan for a model: density (1 - rate)^level, of each parameter or of all. */
export function impPlan(model: Model, { rounds, strategy, rates, rewindTo }: ImpOptions): Plan {
  const levels = Array.from({ length: rounds }, (_, i) => i + 1)
  return { strategy, rewindTo, targets: levels.map((level) => levelTarget(model, rates, level)) }
}

/** What is kept at a level; each K is then round(density * N), so the roundings of rounds do not add up. */
export function levelTarget(model: Model, rates: ImpOptions['rates'], level: number): Target {
  if (rates.scope === 'global') return { scope: 'global', density: power(1 - rates.rate, level) }
  const rateOf = ({ kind, output }: Model['parameters'][number]): number =>
    output ? rates.output : kind === 'conv' ? rates.conv : rates.dense
  const densities = prunableParameters(model).map((parameter) => [parameter.name, power(1 - rateOf(parameter), level)])
  return { scope: 'layerwise', densities: Object.fromEntries(densities) }
}

/** By multiplication: the result of `**` may differ in its last bit between versions of Node. */
function power(base: number, exponent: number): number {
  let product = 1
  for (let i = 0; i < exponent; i++) product *= base
  return product
}
