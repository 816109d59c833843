/** Options of SynFlow, with the paper's defaults (claims.md 7.a). */
import { type JsonObject, parseConfig, scoringOptions, selection } from '@winning-tickets/core'
import { z } from 'zod'

/**
 * How the authors' code differs (claims.md 7.a): scores are in single precision, and what ties with the last weight to go, goes
 * with it, so a round can keep fewer than K (without ties, K or one more). It takes the absolute values of batch norm's
 * statistics, too; those of a fresh network are 0 and 1. Not followed: its error where it is 5 weights or more off in the end, and
 * its overflow.
 */
const repo = { precision: 'float32', selection: 'threshold' } as const

export const synflowOptionsSchema = z
  .strictObject({
    /** `paper`, or `repo`: the defaults of the authors' code where it deviates. */
    mode: z.enum(['paper', 'repo']).default('paper'),
    /** 100 in the paper; 1 is the one-shot variant, which collapses sooner (claim SF-3). */
    ...scoringOptions(100),
    /** Batch norm goes by its running statistics; by one batch of ones it would cancel every layer's scale. */
    batchNorm: z.literal('eval').default('eval'),
    /** Of the scores: doubles in the mode `paper`; in single precision some layers keep more than 1% more or fewer weights. */
    precision: z.enum(['float64', 'float32']).optional(),
    selection: selection.optional(),
  })
  .transform(({ mode, precision, selection, ...given }) => {
    const defaults = mode === 'repo' ? repo : ({ precision: 'float64', selection: 'exact' } as const)
    return {
      ...given,
      precision: precision ?? defaults.precision,
      // Absent where it is exact, as in the options of tickets that are older than it.
      ...((selection ?? defaults.selection) === 'threshold' && { selection: 'threshold' as const }),
    }
  })

export type SynflowOptions = z.output<typeof synflowOptionsSchema>
export type SynflowOptionsInput = z.input<typeof synflowOptionsSchema>

/** @throws UserError that names the wrong option */
export function synflowOptions(given: SynflowOptionsInput & JsonObject): SynflowOptions {
  return parseConfig(synflowOptionsSchema, given, 'synflow options')
}
