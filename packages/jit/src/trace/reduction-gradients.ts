/**
 * The gradients of sums and means as TensorFlow.js has them, but for the ones that they multiply by: filled by an op instead
 * of an array, so that tracing a full-size network does not write gigabytes of them. The traced graphs are the same.
 */
import { tf } from '../tf.js'

/** @param divided whether the gradient is shared out among the elements */
const register = (kernelName: 'Sum' | 'Mean', divided: boolean) =>
  tf.registerGradient({
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => {
      const { shape } = (saved as tf.Tensor[])[0]!
      const axes = tf.util.parseAxisParam(attrs.axis as number[], shape)
      const kept = shape.map((side, axis) => (axes.includes(axis) ? 1 : side))
      const count = axes.reduce((product, axis) => product * shape[axis]!, 1)
      return {
        x: () => {
          const spread = tf.mul(tf.reshape(dy as tf.Tensor, kept), tf.fill(shape, 1, 'float32'))
          return divided ? tf.div(spread, count) : spread
        },
      }
    },
  })

export function registerReductionGradients(): void {
  register('Sum', false)
  register('Mean', true)
}
