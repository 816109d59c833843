/** Options that scoring methods share. */
import { z } from 'zod'
import type { Scope } from '../masks/index.js'
import { type PrunablePolicy, prunablePolicies } from '../models/index.js'

export interface ScoringOptions {
  /** The density that is wanted. */
  readonly density: number
  /** Rounds of scoring and pruning, on an exponential schedule of densities. */
  readonly rounds: number
  readonly scope: Scope
  /** Which weights the mask covers, if not those that the model says. */
  readonly prunable?: PrunablePolicy
  /** By a threshold; exactly the top K, if absent. */
  readonly selection?: 'threshold'
}

/** The common part of the schemas; each paper sets its own default of `rounds`. */
export const scoringOptions = (rounds: number) => ({
  /** K / N: what is kept of the prunable weights. */
  density: z.number().gt(0).max(1),
  /** Rounds of scoring and pruning: density^(1/n), density^(2/n), ... */
  rounds: z.int().min(1).default(rounds),
  /** Ranked all together, or each parameter alone at the same density. */
  scope: z.enum(['global', 'layerwise']).default('global'),
  /** Which weights the mask covers (trap T3); the model's own policy, if absent. */
  prunable: z.enum(prunablePolicies).optional(),
})

/** How batch norm normalises while scores are computed (trap T5): by the batch, or by its running statistics. */
export const batchNormMode = z.enum(['train', 'eval'])

/**
 * How a round chooses what it keeps (trap T2): exactly the top K, or by comparing scores with a threshold, as reference
 * implementations do, whose counts then differ from K by one or two, or by ties.
 */
export const selection = z.enum(['exact', 'threshold'])

/** Which training examples scores are computed on: one batch of any, or as many of each class. No augmentation. */
export const scoringSet = z.union(
  [z.strictObject({ batch: z.int().min(1) }), z.strictObject({ perClass: z.int().min(1) })],
  { error: 'give {"batch": N}, one batch of any, or {"perClass": N}, as many of each class' },
)
export type ScoringSet = z.output<typeof scoringSet>
