/** Options of SynFlow, with the paper's defaults (claims.md 7.a). */
import { type JsonObject, parseConfig, scoringOptions } from '@winning-tickets/core'
import { z } from 'zod'

export const synflowOptionsSchema = z.strictObject({
  /** 100 in the paper; 1 is the one-shot variant, which collapses sooner (claim SF-3). */
  ...scoringOptions(100),
  /** Batch norm goes by its running statistics; by one batch of ones it would cancel every layer's scale. */
  batchNorm: z.literal('eval').default('eval'),
  /** Of the scores. In single precision some layers keep more than 1% more or fewer weights. */
  precision: z.enum(['float64', 'float32']).default('float64'),
})

export type SynflowOptions = z.output<typeof synflowOptionsSchema>
export type SynflowOptionsInput = z.input<typeof synflowOptionsSchema>

/** @throws UserError that names the wrong option */
export function synflowOptions(given: SynflowOptionsInput & JsonObject): SynflowOptions {
  return parseConfig(synflowOptionsSchema, given, 'synflow options')
}
