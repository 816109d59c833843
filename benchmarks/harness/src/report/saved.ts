/** The form of results.json, all that a report is made of; checked when read. */
import { z } from 'zod'
import { PROFILES } from '../experiment/profile.js'
import type { Section } from './html.js'

export interface SavedSection extends Section {
  readonly version: 1
}

const profile = z.enum(PROFILES)
const number = z.number().nullable()

export const savedSchema: z.ZodType<SavedSection> = z.object({
  version: z.literal(1),
  results: z.object({
    paper: z.string(),
    title: z.string(),
    profile,
    dataset: z.object({ name: z.string(), note: z.string().exactOptional() }),
    deviations: z.array(z.string()).exactOptional(),
    rows: z.array(
      z.object({
        arm: z.string(),
        level: z.number(),
        density: z.number(),
        seed: z.number(),
        metrics: z.record(z.string(), z.number()),
        stageId: z.string(),
      }),
    ),
    maps: z
      .array(z.object({ arm: z.string(), density: z.number(), kept: z.array(z.number()), image: z.array(z.number()) }))
      .exactOptional(),
    neurons: z
      .array(
        z.object({
          arm: z.string(),
          seed: z.number(),
          saliencies: z.record(z.string(), z.object({ incoming: z.array(z.number()), outgoing: z.array(z.number()) })),
        }),
      )
      .exactOptional(),
    environments: z
      .array(z.object({ cpu: z.string(), engine: z.string(), node: z.string(), runs: z.number(), seconds: z.number() }))
      .exactOptional(),
  }),
  claims: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      verdict: z.enum(['supported', 'contradicted', 'inconclusive', 'not run']),
      profile,
      seeds: z.number(),
      effect: number,
      low: number,
      high: number,
      detectable: number,
      unit: z.string(),
      paper: z.string(),
      dataset: z.string(),
      detail: z.string(),
      evidence: z.array(z.string()),
    }),
  ),
})
