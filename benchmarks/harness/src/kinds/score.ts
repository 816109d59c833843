/** The stage that scores a network at initialisation and measures the masks: no training, and no masks are kept. */
import {
  coreSemantics,
  evenTarget,
  initialWeights,
  type JsonObject,
  type Masks,
  prunableParameters,
  type ScoreContext,
  select,
  sizeOf,
  streams,
  within,
  withPrunable,
} from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import { z } from 'zod'
import { createStage } from '../stage/create.js'
import type { Stage, StageKind } from '../stage/types.js'
import { correlation } from '../statistics/correlation.js'
import { forwardSeconds } from './cost.js'
import { encodeInputs } from './inputs.js'
import { scorerOf } from './score-graphs.js'
import { keptInputs, type Metrics, meanImage, measureGradients, measureMask, measureScores } from './score-measures.js'
import { optionsOf, passesOf, SCORES, scoringFields, shuffledWithin, traceHashesOf, UNUSED } from './scoring.js'
import { buildModel, dataHashOf, splitsOf, taskOf } from './setup.js'

const schema = z
  .strictObject({
    ...scoringFields,
    /** K/N of the masks that are measured. One scoring serves all of them, if it is one round; else each is a run. */
    densities: z.array(z.number().gt(0).max(1)).min(1),
    /** Masks are shuffled within each layer before they are measured: which replicate of the control. */
    shuffled: z.int().min(0).optional(),
    /** Squared gradient norms of the masked network are measured on so many examples of each class, at these temperatures. */
    gradients: z
      .strictObject({ perClass: z.int().min(1), temperatures: z.array(z.number().positive()).min(1) })
      .optional(),
    /** Whether the kept connections of each input are compared with the mean image, and kept as the artifact "inputs". */
    inputs: z.literal(true).optional(),
  })
  // One meaning, one id.
  .transform(({ shuffled, gradients, inputs, ...rest }) => ({
    ...rest,
    ...(shuffled !== undefined && { shuffled }),
    ...(gradients !== undefined && { gradients }),
    ...(inputs !== undefined && { inputs }),
  }))
export type ScoreConfig = z.output<typeof schema>
export type ScoreConfigInput = z.input<typeof schema>

/** Its result has `parts`: "scores", if there is one scoring, and "0", "1" ... for the densities. Artifact: "inputs", if wanted. */
export const scoreKind: StageKind<ScoreConfig, ScoreConfigInput> = {
  name: 'score',
  schema,
  semantics: {
    generator: coreSemantics.generator,
    initialisation: coreSemantics.initialisation,
    split: coreSemantics.split,
    topK: coreSemantics.topK,
    scores: SCORES,
    /** What is measured, and how. */
    measures: 1,
  },
  evidence: ['inputs'],

  async identity(config) {
    return { dataHash: dataHashOf(config), traceHashes: await traceHashesOf(config) }
  },

  cost({ data, model, options, densities, gradients }) {
    const network = buildModel(model)
    const { rounds } = options
    const runs = rounds === 1 ? 1 : densities.length
    const classes = network.classes ?? 1
    const weights = prunableParameters(network).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
    const norms = gradients ? densities.length * gradients.temperatures.length * gradients.perClass * classes * 3 : 0
    const passes = runs * rounds * passesOf(options, classes) + norms + densities.length
    const sorting = (runs * rounds + densities.length) * weights * SECONDS_A_WEIGHT
    return {
      steps: runs * rounds + densities.length,
      seconds: passes * forwardSeconds(network) + sorting + LOADING * Number(data.validation > 0),
    }
  },

  async run({ config, cache, progress }) {
    const { options: given, densities, seed, shuffled, gradients, inputs } = config
    const scorer = await scorerOf(config.method)
    const options = optionsOf(scorer, given as JsonObject)
    const model = withPrunable(buildModel(config.model), options.prunable)
    const task = await taskOf(config, cache)
    // An engine of its own, disposed of at the end: graphs of full-size networks hold gigabytes.
    const engine = await createEngine()
    try {
      const context: ScoreContext = {
        model,
        task: task.plain ?? task,
        engine,
        streams: streams(seed),
        weights: initialWeights(model, seed),
        mask: {},
      }
      const runs = options.rounds === 1 ? 1 : densities.length
      const steps = runs * options.rounds + densities.length
      let step = 0
      let used = engine.description
      const find = async (density: number) => {
        const onRound = () => progress({ step: ++step, steps, density })
        const found = await scorer.findScored(
          { model, task, recipe: UNUSED, seed, engine, onRound },
          { ...options, density },
        )
        used = found.engine ?? used
        return found
      }
      const fresh = within(streams(seed), 'gradient-norm')
      const names = prunableParameters(model).map(({ name }) => name)
      const once = options.rounds === 1 ? (await find(1)).scores : undefined
      const parts: Record<string, Metrics> = once ? { scores: measureScores(once, options.scope) } : {}
      const image = inputs && meanImage(await splitsOf(config, cache))
      const counts: number[][] = []
      for (const [i, density] of densities.entries()) {
        const found: Masks = once
          ? select(once, evenTarget(options.scope, density, names))
          : (await find(density)).ticket.mask!
        const masks = shuffled === undefined ? found : shuffledWithin(found, seed, shuffled)
        parts[i] = {
          ...(await measureMask(context, masks)),
          ...(gradients && (await measureGradients({ ...context, streams: fresh }, masks, gradients))),
        }
        if (image !== undefined) {
          counts.push(keptInputs(model, masks))
          parts[i] = { ...parts[i], inputCorrelation: correlation(counts.at(-1)!, image) }
        }
        progress({ step: ++step, steps, density })
      }
      return {
        result: { parts: parts as Readonly<Record<string, JsonObject>> },
        ...(image !== undefined && { artifacts: { inputs: encodeInputs({ kept: counts, image }) } }),
        observed: { engine: used },
      }
    } finally {
      await engine.dispose()
    }
  },
}

/** The stage of a method with the paper's defaults where no option is given. @throws UserError for a wrong option */
export async function scoreStage(
  { options = {}, ...config }: Omit<ScoreConfigInput, 'options'> & { readonly options?: JsonObject },
  label: string,
): Promise<Stage> {
  const { density: _, ...complete } = optionsOf(await scorerOf(config.method), options)
  return createStage(scoreKind, { ...config, options: complete }, { label })
}

/** Of making a mask. */
const SECONDS_A_WEIGHT = 2e-8
const LOADING = 0.2
