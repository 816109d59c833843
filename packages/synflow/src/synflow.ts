/** SynFlow, iterative synaptic flow pruning (Tanaka et al. 2020, Algorithm 1; claims.md 7.a). */
import { scoringMethod, UserError } from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import { synapticFlow } from './flow.js'
import { type SynflowOptions, synflowOptionsSchema } from './options.js'

/**
 * For k in 1 ... n: mask the parameters; compute R = 1^T (prod |theta^l|) 1; score by |dR/dtheta . theta|; keep the best
 * rho^(-k/n), globally. The loop, its exponential schedule and the top K are `scoringMethod`'s.
 */
export const synflow = scoringMethod<SynflowOptions>({
  name: 'synflow',
  options: synflowOptionsSchema,
  score: async ({ model, engine, weights, into }) => ({ scores: await synapticFlow(engine, model, weights, into) }),
  threshold: 'above',
  ownEngine({ precision }, { name, threads }) {
    if (precision === 'float32') return undefined
    if (name === 'tensorflow') {
      throw new UserError(
        'SynFlow scores in float64, which the engine tensorflow does not have; use the engine onnxruntime, or the option precision=float32.',
      )
    }
    return createEngine({ precision, threads })
  },
})
