/** The stage that scores a network at initialisation and measures the masks: no training, and no masks are kept. */
import {
  coreSemantics,
  encodeSafetensors,
  evenTarget,
  initialWeights,
  type JsonObject,
  type Masks,
  parseConfig as parseOptions,
  prunableParameters,
  recipe,
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
import { canonicalJson } from '../stage/json.js'
import type { Stage, StageKind } from '../stage/types.js'
import { correlation } from '../statistics/correlation.js'
import { forwardSeconds } from './cost.js'
import { type Options, type Scorer, scorerOf, scoreTraceHashes } from './score-graphs.js'
import { keptInputs, type Metrics, meanImage, measureGradients, measureMask, measureScores } from './score-measures.js'
import { buildModel, dataHashOf, dataSchema, modelSchema, objectiveOf, splitsOf, taskOf } from './setup.js'

const schema = z
  .strictObject({
    data: dataSchema,
    model: modelSchema,
    /** A scoring method of the repository. */
    method: z.string(),
    /** Its options with every default, without the density. */
    options: z.looseObject({ rounds: z.int().min(1), scope: z.enum(['global', 'layerwise']) }),
    seed: z.int().min(0),
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
    /** How scoring examples are drawn, a method's arithmetic outside of its graphs, and its schedule of rounds. */
    scores: 1,
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
    // An engine of its own: graphs of full-size networks live as long as their engine and hold gigabytes.
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
      const find = (density: number) =>
        scorer.findScored(
          { model, task, recipe: UNUSED, seed, engine, onRound: () => progress({ step: ++step, steps, density }) },
          { ...options, density },
        )
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
        ...(image !== undefined && { artifacts: { inputs: encodeInputs(counts, image) } }),
        observed: { engine: engine.description },
      }
    } finally {
      await engine.dispose()
    }
  },
}

/** "kept" [densities, inputs] and "image" [inputs], the mean of the training images in 0..255. */
function encodeInputs(counts: readonly (readonly number[])[], image: readonly number[]): Uint8Array {
  return encodeSafetensors({
    kept: { dtype: 'int32', shape: [counts.length, image.length], data: Int32Array.from(counts.flat()) },
    image: { dtype: 'float32', shape: [image.length], data: Float32Array.from(image) },
  })
}

/** The stage of a method with the paper's defaults where no option is given. @throws UserError for a wrong option */
export async function scoreStage(
  { options = {}, ...config }: Omit<ScoreConfigInput, 'options'> & { readonly options?: JsonObject },
  label: string,
): Promise<Stage> {
  const { density: _, ...complete } = optionsOf(await scorerOf(config.method), options)
  return createStage(scoreKind, { ...config, options: complete }, { label })
}

/** Options with all defaults; the density is each mask's own. */
function optionsOf(scorer: Scorer, given: JsonObject): Options {
  return parseOptions(scorer.options, { ...given, density: 1 }, `${scorer.name} options`) as Options
}

/** Streams of the control of that name, as in core's tickets/controls.ts. */
function shuffledWithin(masks: Masks, seed: number, replicate: number): Masks {
  const from = within(streams(seed), `mask/shuffled/${replicate}`)
  return Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, from(name).shuffle(mask.slice())]))
}

const traced = new Map<string, Promise<Readonly<Record<string, string>>>>()

/** Traces each setting once a process. */
function traceHashesOf({ data, model, method, options: given }: ScoreConfig) {
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
const UNUSED = recipe({ optimizer: { name: 'sgd' }, learningRate: 1, iterations: 1, batchSize: 1 })

/** For the order of work: about so many forward passes of one example a round. Doubles are some fifteen times as slow. */
function passesOf(options: Readonly<Record<string, unknown>>, classes: number): number {
  const { examples, batches = 1, temperature, precision } = options
  if (typeof examples !== 'object' || examples === null) return precision === 'float64' ? 45 : 0
  const { batch, perClass } = examples as { batch?: number; perClass?: number }
  const count = (batch ?? (perClass ?? 0) * classes) * Number(batches)
  // Forward and twice as much backward; three times that for a derivative of it.
  return count * (temperature === undefined ? 3 : 9)
}
/** Of making a mask. */
const SECONDS_A_WEIGHT = 2e-8
const LOADING = 0.2
