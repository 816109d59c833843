/** Adam with L2 weight decay, as torch.optim.Adam computes it up to rounding. */
import type { Optimizer } from './optimizer.js'
import type { OptimizerConfig } from './recipe.js'

/**
 * The slots are running sums rather than averages: first = m / (1 - beta1) and second = v / (1 - beta2) of the usual
 * notation, which saves two passes over every tensor. Both factors, the bias corrections and the learning rate are
 * folded into two numbers a step: with c = sqrt((1 - beta2) / (1 - beta2^t)),
 *
 *   learningRate * mHat / (sqrt(vHat) + epsilon) = rate * first / (sqrt(second) + epsilon / c),
 *   rate = learningRate * (1 - beta1) / (1 - beta1^t) / c.
 */
export function adam({ beta1, beta2, epsilon, weightDecay }: Extract<OptimizerConfig, { name: 'adam' }>): Optimizer {
  return {
    slots: ['first', 'second'],
    scalars(learningRate, update) {
      const c = Math.sqrt((1 - beta2) / (1 - beta2 ** update))
      return { rate: (learningRate * (1 - beta1)) / (1 - beta1 ** update) / c, epsilon: epsilon / c }
    },
    update(weight, gradient, slots, scalars) {
      const slope = weightDecay > 0 ? gradient.add(weight.mul(weightDecay)) : gradient
      const first = slots.first!.mul(beta1).add(slope)
      const second = slots.second!.mul(beta2).add(slope.mul(slope))
      const step = first.div(second.sqrt().add(scalars.epsilon!)).mul(scalars.rate!)
      return { weight: weight.sub(step), slots: { first, second } }
    },
  }
}
