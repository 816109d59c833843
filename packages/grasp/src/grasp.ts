/** GraSP, gradient signal preservation (Wang et al. 2020, Algorithm 1 and 2; claims.md 6.a). */
import {
  drawScoringExamples,
  glorotNormal,
  initialise,
  maskWeights,
  type ScoreContext,
  type Scores,
  scoringMethod,
  type Weights,
  within,
} from '@winning-tickets/core'
import { hessianGradient } from './hessian.js'
import { type GraspOptions, graspOptionsSchema } from './options.js'

/** The top K, that is those with the lowest S, and their mask are `scoringMethod`'s. */
export const grasp = scoringMethod<GraspOptions>({
  name: 'grasp',
  options: graspOptionsSchema,
  threshold: 'from',
  async score(context, { examples: wanted, batches, halves, temperature, batchNorm, dense, rank }) {
    // Sample training data, as many of each class.
    const examples = drawScoringExamples(context, wanted, batches)
    const weights = dense === 'trained' ? context.weights : withFreshDense(context)
    // Compute the gradient g of the loss at temperature T, and the Hessian-gradient product H g.
    const parts = batches * (halves ? 2 : 1)
    const product = await hessianGradient({ ...context, weights }, { examples, parts, batchNorm, temperature })
    // S = -theta . H g: what removing each weight alone does to the gradient norm. Remove the highest.
    return { scores: keptBy(rank, weights, product), examples }
  },
})

/** Scores of which the largest are kept: -S = theta . H g, or another rank of it. */
export function keptBy(rank: GraspOptions['rank'], weights: Weights, product: Scores): Scores {
  const by = { signed: (x: number) => x, magnitude: Math.abs, inverted: (x: number) => -x }[rank]
  return Object.fromEntries(
    Object.entries(product).map(([name, values]) => {
      const theta = weights[name]!
      const scores = values.slice()
      // Not by `map`, which takes three times as long.
      for (let i = 0; i < scores.length; i++) scores[i] = by(theta[i]! * scores[i]!)
      return [name, scores]
    }),
  )
}

/** As the authors' code: kernels of dense layers are Glorot normal, from streams "scoring-init/<parameter>". */
function withFreshDense({ model, weights, mask, streams }: ScoreContext): Weights {
  const dense = model.parameters
    .filter(({ kind, role }) => kind === 'dense' && role === 'kernel')
    .map((parameter) => ({ ...parameter, initializer: glorotNormal(parameter.fanIn, parameter.fanOut) }))
  return maskWeights({ ...weights, ...initialise(dense, within(streams, 'scoring-init')) }, mask)
}
