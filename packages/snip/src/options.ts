/** Options of SNIP, with the paper's defaults (claims.md 5.a, 5.b). */
import { batchNormMode, type JsonObject, parseConfig, scoringOptions, scoringSet } from '@winning-tickets/core'
import { z } from 'zod'

/**
 * How the authors' code differs (claims.md 5.d): the mask covers biases, another draw of the weights is scored than the one
 * that is trained (trap T4), and batch norm goes by its running statistics.
 */
const repo = { prunable: 'weights-and-biases', scored: 'fresh', batchNorm: 'eval' } as const

export const snipOptionsSchema = z
  .strictObject({
    /** `paper`, or `repo`: the defaults of the authors' code where it deviates. */
    mode: z.enum(['paper', 'repo']).default('paper'),
    /** One round in the paper; more are iterative SNIP, which scores what is left on the same examples. */
    ...scoringOptions(1),
    /** 100 examples of MNIST or 128 of CIFAR in the paper; 10 of each class in later work. */
    examples: scoringSet.default({ batch: 128 }),
    /** How many such sets; the gradient is their mean. */
    batches: z.int().min(1).default(1),
    /** Trap T5: `train` by default, as in later implementations; the paper does not say, its authors' code has `eval`. */
    batchNorm: batchNormMode.optional(),
    /** The weights that are scored: those that will be trained, or an independent draw. */
    scored: z.enum(['trained', 'fresh']).optional(),
  })
  .transform(({ mode, ...given }) => ({
    ...(mode === 'repo' && repo),
    ...given,
    batchNorm: given.batchNorm ?? (mode === 'repo' ? repo.batchNorm : 'train'),
    scored: given.scored ?? (mode === 'repo' ? repo.scored : 'trained'),
  }))

export type SnipOptions = z.output<typeof snipOptionsSchema>
export type SnipOptionsInput = z.input<typeof snipOptionsSchema>

/** @throws UserError that names the wrong option */
export function snipOptions(given: SnipOptionsInput & JsonObject): SnipOptions {
  return parseConfig(snipOptionsSchema, given, 'snip options')
}
