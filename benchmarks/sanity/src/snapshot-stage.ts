/** The stage that looks at a network in the middle of its training: the mask it would give, and what it sees (EARLY-2). */
import {
  coreSemantics,
  datasetInfo,
  highPass,
  initialWeights,
  lowPass,
  type Masks,
  type Model,
  magnitudes,
  prunableParameters,
  select,
  setEvaluator,
  type Weights,
} from '@winning-tickets/core'
import {
  buildModel,
  canonicalJson,
  dataHashOf,
  dataSchema,
  decodeWeights,
  engineOf,
  evaluationHashOf,
  forwardSeconds,
  modelSchema,
  objectiveOf,
  type StageKind,
  splitsOf,
} from '@winning-tickets/harness'
import { z } from 'zod'

const schema = z.strictObject({
  data: dataSchema,
  model: modelSchema,
  /** Root seed of the run, whose initial weights are those of iteration 0. */
  seed: z.int().min(0),
  /** The iteration that is looked at: 0, one that the run kept, or "end". */
  step: z.union([z.int().min(0), z.literal('end')]),
  /** Of the magnitude masks, in each layer. */
  density: z.number().gt(0).max(1),
})
type SnapshotConfig = z.output<typeof schema>
type SnapshotConfigInput = z.input<typeof schema>

const FILTERS = {
  accuracy: (images: Uint8Array) => images,
  lowPassAccuracy: lowPass,
  highPassAccuracy: highPass,
} as const

/** Input: "trained", whose final weights give the final mask. Metrics: overlap with it, accuracies on filtered test images. */
export const snapshotKind: StageKind<SnapshotConfig, SnapshotConfigInput> = {
  /** Made when the experiment lay in benchmarks/imp; ids hold it. */
  name: 'imp/snapshot',
  schema,
  semantics: {
    generator: coreSemantics.generator,
    initialisation: coreSemantics.initialisation,
    split: coreSemantics.split,
    topK: coreSemantics.topK,
    /** Both filters, and what an overlap is. */
    snapshot: 1,
  },
  identity: (config) => ({ dataHash: dataHashOf(config), traceHashes: { evaluate: evaluationHashOf(config) } }),
  cost: ({ data, model }) => ({
    steps: 1,
    seconds: 3 * datasetInfo(data.dataset).testCount * forwardSeconds(buildModel(model)),
  }),

  async run({ config, inputs, cache }) {
    const { seed, step, density, data } = config
    const network = buildModel(config.model)
    const engine = await engineOf(cache)
    const trained = async (artifact: string) => decodeWeights(network, await inputs.trained!.artifact(artifact))
    const final = await trained('weights')
    const weights =
      step === 'end' ? final : step === 0 ? initialWeights(network, seed) : await trained(`weights@${step}`)
    const layers = overlaps(maskOf(network, weights, density), maskOf(network, final, density))

    const objective = objectiveOf(config)
    const { splits, shape } = await splitsOf(config, cache)
    const seen: Record<string, number> = {}
    for (const [name, filter] of Object.entries(FILTERS)) {
      const key = `test ${name} ${canonicalJson({ dataset: data.dataset }, 'The filtered data')}`
      const filtered = await cache.get(key, async () => ({ images: filter(splits.test.images, shape) }))
      const { labels, count } = splits.test
      const evaluator = await setEvaluator({
        model: network,
        engine,
        objective,
        count,
        arrays: { images: filtered.images, labels },
      })
      seen[name] = (await evaluator.evaluate(weights)).accuracy!
    }
    const shares = Object.values(layers)
    const overlap = shares.reduce((sum, share) => sum + share, 0) / shares.length
    return { result: { metrics: { ...seen, maskOverlap: overlap }, layers }, observed: { engine: engine.description } }
  },
}

/** The largest weights of each layer. */
function maskOf(network: Model, weights: Weights, density: number): Masks {
  const densities = Object.fromEntries(prunableParameters(network).map(({ name }) => [name, density]))
  return select(magnitudes(network, weights), { scope: 'layerwise', densities })
}

/** Of each layer the share of the second mask's weights that the first one keeps too; chance gives the density. */
export function overlaps(masks: Masks, final: Masks): Record<string, number> {
  return Object.fromEntries(
    Object.entries(final).map(([name, mask]) => {
      const both = mask.reduce((sum, flag, i) => sum + flag * masks[name]![i]!, 0)
      const kept = mask.reduce((sum, flag) => sum + flag, 0)
      // A layer of which nothing is kept has nothing that could differ.
      return [name, kept === 0 ? 1 : both / kept]
    }),
  )
}
