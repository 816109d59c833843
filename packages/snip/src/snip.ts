/** SNIP, single-shot network pruning by connection sensitivity (Lee et al. 2019, Algorithm 1; claims.md 5.a). */
import {
  drawScoringExamples,
  lossGradients,
  type Masks,
  type Model,
  maskWeights,
  type Scores,
  type Streams,
  scoringMethod,
  type Weights,
  within,
} from '@winning-tickets/core'
import { type SnipOptions, snipOptionsSchema } from './options.js'

/** Weights at a variance-scaling initialisation (1) and the top K (5, 6) are `scoringMethod`'s; training (7) follows. */
export const snip = scoringMethod<SnipOptions>({
  name: 'snip',
  options: snipOptionsSchema,
  async score(context, { examples: wanted, batches, batchNorm, scored }) {
    // 2. Sample a mini-batch of the training data.
    const examples = drawScoringExamples(context, wanted, batches)
    const weights = scored === 'trained' ? context.weights : freshWeights(context)
    // 3. Compute the gradient of the loss with respect to each connection c_j at c = 1: w_j dL/dw_j.
    const gradients = await lossGradients(
      { ...context, weights },
      { examples, parts: batches, batchNorm, temperature: 1 },
    )
    // 4. The connection's sensitivity is its magnitude; the sum that normalises it does not change the ranking.
    return { scores: sensitivities(weights, gradients), examples }
  },
})

/** |theta * dL/dtheta|. */
export function sensitivities(weights: Weights, gradients: Scores): Scores {
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => {
      const values = weights[name]!
      const scores = gradient.slice()
      // Not by `map`, which takes three times as long.
      for (let i = 0; i < scores.length; i++) scores[i] = Math.abs(values[i]! * scores[i]!)
      return [name, scores]
    }),
  )
}

/** A draw that has nothing to do with the weights to train: streams "scoring-init/<parameter>". */
function freshWeights({ model, streams, mask }: { model: Model; streams: Streams; mask: Masks }): Weights {
  return maskWeights(model.init(within(streams, 'scoring-init')), mask)
}
