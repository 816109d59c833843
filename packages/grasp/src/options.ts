/** Options of GraSP, with the paper's defaults (claims.md 6.a). */
import { batchNormMode, type JsonObject, parseConfig, scoringOptions, scoringSet } from '@winning-tickets/core'
import { z } from 'zod'

/**
 * How the authors' code differs (claims.md 6.a): dense layers are drawn afresh for scoring (trap T4), and the examples, which
 * come grouped by class, are cut into two halves, each with batch statistics of its own. Ours has no augmentation.
 */
const modes = {
  paper: { dense: 'trained', halves: false },
  repo: { dense: 'fresh', halves: true },
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
  })
  .transform(({ mode, ...given }) => ({
    ...given,
    dense: given.dense ?? modes[mode].dense,
    halves: given.halves ?? modes[mode].halves,
  }))

export type GraspOptions = z.output<typeof graspOptionsSchema>
export type GraspOptionsInput = z.input<typeof graspOptionsSchema>

/** @throws UserError that names the wrong option */
export function graspOptions(given: GraspOptionsInput & JsonObject): GraspOptions {
  return parseConfig(graspOptionsSchema, given, 'grasp options')
}
