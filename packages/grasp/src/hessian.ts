/** The Hessian times the gradient, by differentiating twice. */
import {
  type LossFunction,
  type LossSetting,
  lossGradients,
  meanOverParts,
  type ScoreContext,
  type Scores,
} from '@winning-tickets/core'
import { tf } from '@winning-tickets/jit'

/** H g of each prunable weight, where g and H are of the mean loss over the setting's parts: exact, no differences. */
export async function hessianGradient(context: ScoreContext, setting: LossSetting): Promise<Scores> {
  // In one part, one graph has all: H g is the gradient of |g|^2 / 2.
  if (setting.parts === 1) {
    return meanOverParts(context, setting, 'hessian-gradient', (loss, at) =>
      tf.grads((...weights) => {
        const squares = tf
          .grads(loss)(weights)
          .map((gradient) => gradient.square().sum())
        return tf.addN(squares).mul(0.5) as tf.Scalar
      })(at),
    )
  }
  const gradients = await lossGradients(context, setting)
  return meanOverParts(context, setting, 'hessian-vector', hessianVector, gradients)
}

/** H v is the gradient of <g, v>. */
export function hessianVector(loss: LossFunction, at: tf.Tensor[], vector: tf.Tensor[]): tf.Tensor[] {
  return tf.grads((...weights) => dot(tf.grads(loss)(weights), vector))(at)
}

function dot(a: readonly tf.Tensor[], b: readonly tf.Tensor[]): tf.Scalar {
  return tf.addN(a.map((tensor, i) => tensor.mul(b[i]!).sum())) as tf.Scalar
}
