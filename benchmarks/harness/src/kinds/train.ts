/** The stage that trains a ticket: every paper's arms are this stage with another start or another mask. */
import {
  controlTicket,
  coreSemantics,
  denseTicket,
  forwardFlops,
  initialWeights,
  type Model,
  maskedTicket,
  type SplitMetrics,
  type Ticket,
  type TrainResult,
  train,
  trainTraceHashes,
} from '@winning-tickets/core'
import { z } from 'zod'
import type { StageInput, StageKind } from '../stage/types.js'
import { evaluationsIn, trainingCost } from './cost.js'
import { buildModel, dataHashOf, engineOf, objectiveOf, setupSchema, taskOf } from './setup.js'
import { decodeMasks, decodeWeights, encodeCurves, encodeWeights, keptByLayer } from './weights.js'

const start = z.discriminatedUnion('from', [
  /** theta_0 of the seed. */
  z.strictObject({ from: z.literal('init') }),
  /** The control "reinit" (claims.md 0.3): a fresh draw under the same mask. */
  z.strictObject({ from: z.literal('reinit'), replicate: z.int().min(0).default(0) }),
  /** A random mask with as many weights a layer as the input mask, and a fresh draw. */
  z.strictObject({ from: z.literal('random'), replicate: z.int().min(0).default(0) }),
  /** theta_0 with Gaussian noise of `scale` standard deviations of each layer's initialisation. */
  z.strictObject({ from: z.literal('noise'), scale: z.number().positive(), replicate: z.int().min(0).default(0) }),
  /** Input "trained": its weights at iteration k, from which schedule and data order continue. */
  z.strictObject({
    from: z.literal('rewind'),
    step: z.int().min(1),
    /** Replicate of the control "shuffled": these weights under the input mask shuffled within each layer. */
    shuffled: z.int().min(0).optional(),
  }),
  /** Input "trained": its final weights, trained again from iteration 0. */
  z.strictObject({ from: z.literal('continue') }),
])

const isControl = (given: z.output<typeof start>) =>
  ['reinit', 'random', 'noise'].includes(given.from) || (given.from === 'rewind' && given.shuffled !== undefined)

const schema = z
  .strictObject({
    ...setupSchema.shape,
    seed: z.int().min(0),
    /**
     * Root seed of data order and augmentation where it is not `seed`: copies of one network, for instability analysis.
     * Absent from the config otherwise, so that a run without it keeps its id.
     */
    orderSeed: z.int().min(0).optional(),
    start: start.default({ from: 'init' }),
    /** Whether there is an input "mask". */
    masked: z.boolean().default(false),
    /** Iterations whose weights are kept, as artifacts "weights@<k>". */
    keepAt: z
      .array(z.int().min(1))
      .default([])
      // One meaning, one id.
      .transform((steps) => [...new Set(steps)].sort((a, b) => a - b)),
  })
  // Trap T8: without a mask these would quietly be the dense network.
  .refine(({ masked, start }) => masked || !isControl(start), {
    path: ['masked'],
    message: 'a control needs a mask',
  })
  // One meaning, one id.
  .transform(({ orderSeed, ...rest }) => ({
    ...rest,
    ...(orderSeed !== undefined && orderSeed !== rest.seed && { orderSeed }),
  }))
export type TrainConfig = z.output<typeof schema>
export type TrainConfigInput = z.input<typeof schema>

const costOf = (config: TrainConfig, network: Model) =>
  trainingCost(network, config, config.start.from === 'rewind' ? config.start.step : 0)

/** Inputs: "mask" if `masked`, "trained" for rewind and continue. Artifacts: "weights" (final), "curves", "weights@k". */
export const trainKind: StageKind<TrainConfig, TrainConfigInput> = {
  name: 'train',
  schema,
  semantics: coreSemantics,
  evidence: ['curves'],

  identity(config) {
    const { train, evaluate } = trainTraceHashes({
      model: buildModel(config.model),
      objective: objectiveOf(config),
      recipe: config.recipe,
      masked: config.masked,
    })
    return { dataHash: dataHashOf(config), traceHashes: { train, ...(evaluate === null ? {} : { evaluate }) } }
  },

  cost: (config) => costOf(config, buildModel(config.model)),

  async run({ config, inputs, cache, checkpoint, progress }) {
    const { recipe, seed, orderSeed = seed, keepAt } = config
    const network = buildModel(config.model)
    const engine = await engineOf(cache)
    const ticket = await ticketOf(config, network, inputs)
    const result = await train({
      model: network,
      task: await taskOf(config, cache),
      ticket,
      recipe,
      seed: orderSeed,
      keepAt,
      engine,
      checkpoint: {
        path: checkpoint.path,
        everyEvaluations: evaluationsIn(checkpoint.seconds, costOf(config, network), recipe),
      },
      onProgress: ({ iteration, iterations, trainLoss, validationAccuracy, density }) =>
        progress({ step: iteration, steps: iterations, loss: trainLoss, accuracy: validationAccuracy, density }),
    })
    const kept = Object.entries(result.kept).map(([step, { weights }]) => [`weights@${step}`, weights] as const)
    const weights = [['weights', result.final.weights] as const, ...kept]
    return {
      result: { metrics: metricsOf(result), ...countsOf(result, network, ticket) },
      artifacts: {
        curves: encodeCurves(result.curves),
        ...Object.fromEntries(weights.map(([name, values]) => [name, encodeWeights(network, values)])),
      },
      observed: { engine: engine.description },
    }
  },
}

/** The ticket that a config and its inputs describe. */
async function ticketOf(
  { seed, start, masked }: TrainConfig,
  network: Model,
  inputs: Readonly<Record<string, StageInput>>,
): Promise<Ticket> {
  const mask = masked ? decodeMasks(network, await inputs.mask!.artifact('mask')) : undefined
  const trained = async (artifact: string) => decodeWeights(network, await inputs.trained!.artifact(artifact))
  const [weights, step] =
    start.from === 'rewind'
      ? [await trained(`weights@${start.step}`), start.step]
      : start.from === 'continue'
        ? [await trained('weights'), 0]
        : [initialWeights(network, seed), 0]
  const provenance = { stage: 'train', seed, start }
  if (mask === undefined) return { ...denseTicket(network, seed), weights, step, provenance }
  const ticket = maskedTicket(network, { mask, weights, step, provenance })
  const context = { model: network, seed, origin: weights }
  switch (start.from) {
    case 'reinit':
      return controlTicket(ticket, { name: 'reinit', replicate: start.replicate }, context)
    case 'rewind':
      if (start.shuffled === undefined) return ticket
      return controlTicket(ticket, { name: 'shuffled', replicate: start.shuffled }, context)
    case 'random':
      return controlTicket(ticket, { name: 'random-layerwise', replicate: start.replicate }, context)
    case 'noise':
      return controlTicket(ticket, { name: 'noise', scale: start.scale, replicate: start.replicate }, context)
    default:
      return ticket
  }
}

/** Both selections of claims.md T1: by validation loss (early stop), and the end; never by test accuracy. */
function metricsOf({ final, earlyStop }: TrainResult): Readonly<Record<string, number>> {
  const at = (where: 'AtEarlyStop' | 'AtEnd', metrics: SplitMetrics) =>
    Object.entries(metrics).flatMap(([split, { loss, accuracy }]) => [
      [`${split}Loss${where}`, loss],
      ...(accuracy === undefined ? [] : [[`${split}Accuracy${where}`, accuracy]]),
    ])
  return Object.fromEntries([
    ['earlyStopIteration', earlyStop.iteration],
    ...at('AtEarlyStop', earlyStop.metrics),
    ...at('AtEnd', final.metrics),
  ])
}

/** Every denominator: N, K, all parameters, K of each layer, and the theoretical cost of a forward pass. */
function countsOf({ density }: TrainResult, network: Model, { mask }: Ticket) {
  const { prunable, kept, parameters, collapsed } = density
  const layers = mask === undefined ? undefined : keptByLayer(mask)
  const flops = forwardFlops(network, layers)
  return { prunable, kept, parameters, collapsed: [...collapsed], layers: layers ?? null, flops: { ...flops } }
}
