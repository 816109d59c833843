/** What the stages that score share: the config of a scoring, its options, its graphs, and masks shuffled within their layers. */
import {
  type JsonObject,
  type Masks,
  parseConfig as parseOptions,
  recipe,
  streams,
  within,
  withPrunable,
} from '@winning-tickets/core'
import { z } from 'zod'
import { canonicalJson } from '../stage/json.js'
import { type Options, type Scorer, scorerOf, scoreTraceHashes } from './score-graphs.js'
import { buildModel, dataSchema, modelSchema, objectiveOf } from './setup.js'

/** Fields of a config that scores. */
export const scoringFields = {
  data: dataSchema,
  model: modelSchema,
  /** A scoring method of the repository. */
  method: z.string(),
  /** Its options with every default, without the density. */
  options: z.looseObject({ rounds: z.int().min(1), scope: z.enum(['global', 'layerwise']) }),
  seed: z.int().min(0),
}
const scoringSchema = z.strictObject(scoringFields)
type ScoringConfig = z.output<typeof scoringSchema>

/** How scoring examples are drawn, a method's arithmetic outside of its graphs, and its schedule of rounds. */
export const SCORES = 1

/** Options with all defaults; the density is each mask's own. */
export function optionsOf(scorer: Scorer, given: JsonObject): Options {
  return parseOptions(scorer.options, { ...given, density: 1 }, `${scorer.name} options`) as Options
}

/** Streams of the control of that name, as in core's tickets/controls.ts. */
export function shuffledWithin(masks: Masks, seed: number, replicate: number): Masks {
  const from = within(streams(seed), `mask/shuffled/${replicate}`)
  return Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, from(name).shuffle(mask.slice())]))
}

const traced = new Map<string, Promise<Readonly<Record<string, string>>>>()

/** Traces each setting once a process. */
export function traceHashesOf({ data, model, method, options: given }: ScoringConfig) {
  const key = canonicalJson({ data, model, method, options: given as JsonObject }, 'The setting of a scoring')
  const known = traced.get(key)
  if (known !== undefined) return known
  const made = scorerOf(method).then((scorer) => {
    const options = optionsOf(scorer, given as JsonObject)
    return scoreTraceHashes(scorer, options, withPrunable(buildModel(model), options.prunable), objectiveOf({ data }))
  })
  traced.set(key, made)
  return made
}

/** No method that scores trains on the way. */
export const UNUSED = recipe({ optimizer: { name: 'sgd' }, learningRate: 1, iterations: 1, batchSize: 1 })

/** For the order of work: about so many forward passes of one example a round. Doubles are some fifteen times as slow. */
export function passesOf(options: Readonly<Record<string, unknown>>, classes: number): number {
  const { examples, batches = 1, temperature, precision } = options
  if (typeof examples !== 'object' || examples === null) return precision === 'float64' ? 45 : 0
  const { batch, perClass } = examples as { batch?: number; perClass?: number }
  const count = (batch ?? (perClass ?? 0) * classes) * Number(batches)
  // Forward and twice as much backward; three times that for a derivative of it.
  return count * (temperature === undefined ? 3 : 9)
}
