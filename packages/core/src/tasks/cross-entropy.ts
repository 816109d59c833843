/** Softmax cross-entropy that can be differentiated twice. */
import { tf } from '@winning-tickets/jit'

/**
 * The loss of each example, [batch]: log-sum-exp of its logits minus the logit of its class.
 *
 * The gradient is written out as (softmax - target) * dy on the saved inputs: TensorFlow.js's own drops second-order
 * terms, since it saves outputs.
 *
 * @param logits [batch, classes]
 * @param target [batch, classes], one-hot or any distribution
 */
export function crossEntropy(logits: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor1D {
  const perExample = tf.customGrad((...args) => {
    const [x, save] = args as [tf.Tensor2D, tf.GradSaveFunc]
    save([x, target])
    const shifted = shift(x)
    const logSum = shifted.exp().sum(1).log()
    return {
      value: logSum.sub(shifted.mul(target).sum(1)),
      gradFunc: (dy, saved) => {
        const exponentials = shift(saved[0] as tf.Tensor2D).exp()
        const softmax = exponentials.div(exponentials.sum(1, true))
        return softmax.sub(saved[1]!).mul((dy as tf.Tensor).expandDims(1))
      },
    }
  })
  return perExample(logits) as tf.Tensor1D
}

/** Minus the largest logit: the loss does not change, and no exponential overflows. */
function shift(logits: tf.Tensor2D): tf.Tensor2D {
  return logits.sub(logits.max(1, true))
}
