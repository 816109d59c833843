/** Options of GraSP, with the paper's defaults (claims.md 6.a). */
import {
  batchNormMode,
  type JsonObject,
  parseConfig,
  scoringOptions,
  scoringSet,
  selection,
} from '@winning-tickets/core'
import { z } from 'zod'

/**
 * How the authors' code differs (claims.md 6.a): dense layers are drawn afresh for scoring (trap T4); the examples, which come
 * grouped by class, are cut into two halves, each with batch statistics of its own; the last weight meant to go stays (trap T2).
 * Ours has no augmentation.
 */
const modes = {
  paper: { dense: 'trained', halves: false, selection: 'exact' },
  repo: { dense: 'fresh', halves: true, selection: 'threshold' },
} as const

export const graspOptionsSchema = z
  .strictObject({
    /** `paper`, or `repo`: the defaults of the authors' code where it deviates. */
    mode: z.enum(['paper', 'repo']).default('paper'),
    ...scoringOptions(1),
    /** 10 of each class in the paper. */
    examples: scoringSet.default({ perClass: 10 }),
    /** How many such sets: 2 of 5 a class for CIFAR-100, 10 of 1 a class for Tiny-ImageNet. g and Hg are over all. */
    batches: z.int().min(1).default(1),
    /** T, which divides the logits. */
    temperature: z.number().positive().default(200),
    /** Trap T5: by the batch, as in the authors' code. */
    batchNorm: batchNormMode.default('train'),
    /**
     * `signed`: the weights whose removal hurts the gradient norm least go first, as in the paper. `magnitude`: those with
     * the least |S| go first (claims.md 8.1, MTM-7). `inverted`: those that the paper keeps go first.
     */
    rank: z.enum(['signed', 'magnitude', 'inverted']).default('signed'),
    /** Kernels of dense layers while scoring: those that will be trained, or a Glorot draw. */
    dense: z.enum(['trained', 'fresh']).optional(),
    /** Whether each set runs in two halves, the first classes and the last. */
    halves: z.boolean().optional(),
    selection: selection.optional(),
  })
  .transform(({ mode, selection, ...given }) => ({
    ...given,
    dense: given.dense ?? modes[mode].dense,
    halves: given.halves ?? modes[mode].halves,
    // Absent where it is exact, as in the options of tickets that are older than it.
    ...((selection ?? modes[mode].selection) === 'threshold' && { selection: 'threshold' as const }),
  }))
  .refine(({ selection, rounds }) => selection === undefined || rounds === 1, {
    path: ['rounds'],
    error: 'the threshold of the authors’ code (mode=repo, selection=threshold) is for one round; give selection=exact',
  })

export type GraspOptions = z.output<typeof graspOptionsSchema>
export type GraspOptionsInput = z.input<typeof graspOptionsSchema>

/** @throws UserError that names the wrong option */
export function graspOptions(given: GraspOptionsInput & JsonObject): GraspOptions {
  return parseConfig(graspOptionsSchema, given, 'grasp options')
}
