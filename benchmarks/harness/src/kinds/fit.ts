/** The stage that asks how well a network has learnt the spoilt labels that it was trained on. */
import { coreSemantics, setEvaluator, streams, withSpoilt } from '@winning-tickets/core'
import { z } from 'zod'
import type { StageKind } from '../stage/types.js'
import { forwardSeconds } from './cost.js'
import {
  buildModel,
  dataHashOf,
  dataSchema,
  engineOf,
  evaluationHashOf,
  modelSchema,
  objectiveOf,
  splitsOf,
} from './setup.js'
import { decodeWeights } from './weights.js'

const schema = z
  .strictObject({
    /** Of the run, and so with `spoil`. */
    data: dataSchema,
    model: modelSchema,
    /** Root seed of the run's data order, from which the spoilt labels come. */
    seed: z.int().min(0),
  })
  .refine(({ data }) => data.spoil !== undefined, { path: ['data', 'spoil'], message: 'the run was spoilt by nothing' })
export type FitConfig = z.output<typeof schema>
export type FitConfigInput = z.input<typeof schema>

/** Input: "trained". Metrics: "fitAccuracy" (a fraction) and "fitLoss" of its last weights on the spoilt training examples. */
export const fitKind: StageKind<FitConfig, FitConfigInput> = {
  name: 'fit',
  schema,
  semantics: { generator: coreSemantics.generator, split: coreSemantics.split, fit: 1 },
  identity: (config) => ({ dataHash: dataHashOf(config), traceHashes: { evaluate: evaluationHashOf(config) } }),
  cost: ({ data, model }) => ({ steps: 1, seconds: 0.2 + (data.train ?? 0) * forwardSeconds(buildModel(model)) }),
  async run({ config, inputs, cache }) {
    const model = buildModel(config.model)
    const engine = await engineOf(cache)
    const { splits, shape, classes } = await splitsOf(config, cache)
    const { count } = splits.train
    const both = withSpoilt({ examples: splits.train, shape, classes }, config.data.spoil!, streams(config.seed))
    const arrays = {
      images: both.images.subarray(both.images.length / 2),
      labels: both.labels.subarray(count),
    }
    const evaluator = await setEvaluator({ model, engine, objective: objectiveOf(config), count, arrays })
    const { loss, accuracy = 0 } = await evaluator.evaluate(
      decodeWeights(model, await inputs.trained!.artifact('weights')),
    )
    return {
      result: { metrics: { fitAccuracy: accuracy, fitLoss: loss } },
      observed: { engine: engine.description },
    }
  },
}
