/** The stage that scores a network at initialisation and keeps the mask, for stages that train it. */
import {
  type ClassificationData,
  classificationTask,
  coreSemantics,
  corruptExamples,
  densityRecord,
  type JsonObject,
  streams,
  type Task,
  UserError,
} from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import { z } from 'zod'
import { createStage } from '../stage/create.js'
import type { Stage, StageKind } from '../stage/types.js'
import { forwardSeconds } from './cost.js'
import { scorerOf } from './score-graphs.js'
import { optionsOf, passesOf, SCORES, scoringFields, shuffledWithin, traceHashesOf, UNUSED } from './scoring.js'
import { buildModel, dataHashOf, splitsOf } from './setup.js'
import { encodeMasks, keptByLayer } from './weights.js'

const schema = z
  .strictObject({
    ...scoringFields,
    /** K/N. */
    density: z.number().gt(0).max(1),
    /** The mask is shuffled within each layer: which replicate of the control. */
    shuffled: z.int().min(0).optional(),
    /** Scores are computed on training data that mean nothing (`corruptExamples`); the number is the rule's version. */
    corrupted: z.literal(1).optional(),
  })
  .refine(({ options }) => options.prunable === undefined, {
    path: ['options', 'prunable'],
    message: 'networks are trained under the policy of the model; set prunable there',
  })
  // One meaning, one id.
  .transform(({ shuffled, corrupted, ...rest }) => ({
    ...rest,
    ...(shuffled !== undefined && { shuffled }),
    ...(corrupted !== undefined && { corrupted }),
  }))
export type MaskConfig = z.output<typeof schema>
export type MaskConfigInput = z.input<typeof schema>

/** Artifact: "mask", one bit a weight. */
export const maskKind: StageKind<MaskConfig, MaskConfigInput> = {
  name: 'mask',
  schema,
  semantics: {
    generator: coreSemantics.generator,
    initialisation: coreSemantics.initialisation,
    split: coreSemantics.split,
    topK: coreSemantics.topK,
    scores: SCORES,
  },
  evidence: ['mask'],

  async identity(config) {
    return { dataHash: dataHashOf(config), traceHashes: await traceHashesOf(config) }
  },

  cost({ model, options }) {
    const network = buildModel(model)
    const passes = options.rounds * passesOf(options, network.classes ?? 1)
    return { steps: options.rounds, seconds: 0.2 + passes * forwardSeconds(network) }
  },

  async run({ config, cache, progress }) {
    const { density, seed, shuffled, corrupted } = config
    const scorer = await scorerOf(config.method)
    const options = optionsOf(scorer, config.options as JsonObject)
    const model = buildModel(config.model)
    const splits = await splitsOf(config, cache)
    const task = plainTask(corrupted === undefined ? splits : corruptedData(splits, seed), config)
    const engine = await createEngine()
    try {
      const onRound = ({ round, rounds }: { readonly round: number; readonly rounds: number }) =>
        progress({ step: round, steps: rounds, density })
      const context = { model, task, recipe: UNUSED, seed, engine, onRound }
      const found = await scorer.findScored(context, { ...options, density })
      const { mask } = found.ticket
      if (mask === undefined) throw new UserError(`The method "${scorer.name}" gave no mask; choose another.`)
      const masks = shuffled === undefined ? mask : shuffledWithin(mask, seed, shuffled)
      const { prunable, kept, collapsed } = densityRecord(model, masks)
      return {
        result: { prunable, kept, density: kept / prunable, collapsed: [...collapsed], layers: keptByLayer(masks) },
        artifacts: { mask: encodeMasks(model, masks) },
        observed: { engine: found.engine ?? engine.description },
      }
    } finally {
      await engine.dispose()
    }
  },
}

/** Without augmentation and without spoilt copies: what is scored are examples as they are. */
const plainTask = (data: ClassificationData, { data: { mean, std } }: MaskConfig): Task =>
  classificationTask(data, { mean, std })

function corruptedData(data: ClassificationData, seed: number): ClassificationData {
  const { splits, shape, classes, id } = data
  const train = corruptExamples({ examples: splits.train, shape, classes }, streams(seed))
  return { ...data, splits: { ...splits, train }, id: `${id} corrupted` }
}

/** The stage of a method with the paper's defaults where no option is given. @throws UserError for a wrong option */
export async function maskStage(
  { options = {}, ...config }: Omit<MaskConfigInput, 'options'> & { readonly options?: JsonObject },
  label: string,
): Promise<Stage> {
  const { density: _, ...complete } = optionsOf(await scorerOf(config.method), options)
  return createStage(maskKind, { ...config, options: complete }, { label })
}
