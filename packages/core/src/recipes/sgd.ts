/** Stochastic gradient descent with momentum, Nesterov momentum and weight decay, as torch.optim.SGD computes it. */
import type { Optimizer, Update } from './optimizer.js'
import type { OptimizerConfig } from './recipe.js'

export function sgd({ momentum, nesterov, weightDecay }: Extract<OptimizerConfig, { name: 'sgd' }>): Optimizer {
  return {
    slots: momentum > 0 ? ['momentum'] : [],
    scalars: (learningRate) => ({ learningRate }),
    update(weight, gradient, slots, { learningRate }): Update {
      const slope = weightDecay > 0 ? gradient.add(weight.mul(weightDecay)) : gradient
      if (momentum === 0) return { weight: weight.sub(slope.mul(learningRate!)), slots: {} }
      const velocity = slots.momentum!.mul(momentum).add(slope)
      const direction = nesterov ? velocity.mul(momentum).add(slope) : velocity
      return { weight: weight.sub(direction.mul(learningRate!)), slots: { momentum: velocity } }
    },
  }
}
