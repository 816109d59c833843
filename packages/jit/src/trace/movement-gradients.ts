/** Gradients of repeating and mirroring that TensorFlow.js lacks or gets wrong. */
import { tf } from '../tf.js'

/** Sums `repeats` stretches of a tensor along an axis into one. */
function sumOfRepeats(dy: tf.Tensor, axis: number, repeats: number): tf.Tensor {
  if (repeats === 1) return dy
  const side = dy.shape[axis]! / repeats
  if (side === 1) return tf.sum(dy, axis, true)
  return tf.sum(dy.reshape(dy.shape.toSpliced(axis, 1, repeats, side)), axis)
}

/** What lies between two places of an axis. */
function between(x: tf.Tensor, axis: number, from: number, to: number): tf.Tensor {
  const begin = x.shape.map((_, i) => (i === axis ? from : 0))
  return tf.slice(x, begin, x.shape.with(axis, to - from))
}

/** Puts a tensor with an axis of a given length, filled with zeros around the tensor. */
function placed(x: tf.Tensor, axis: number, at: number, length: number): tf.Tensor {
  const pads = x.shape.map((_, i): [number, number] => (i === axis ? [at, length - at - x.shape[axis]!] : [0, 0]))
  return tf.pad(x, pads)
}

/** The gradient of mirroring an axis: both margins are folded back onto the elements that they mirror. */
function folded(dy: tf.Tensor, axis: number, [before, after]: [number, number], edge: 0 | 1): tf.Tensor {
  const total = dy.shape[axis]!
  const length = total - before - after
  const parts = [between(dy, axis, before, before + length)]
  if (before > 0) parts.push(placed(tf.reverse(between(dy, axis, 0, before), axis), axis, edge, length))
  if (after > 0) {
    const mirrored = tf.reverse(between(dy, axis, total - after, total), axis)
    parts.push(placed(mirrored, axis, length - edge - after, length))
  }
  return tf.addN(parts)
}

export function registerMovementGradients(): void {
  // TensorFlow.js's own adds one slice for each repetition: a million nodes for a batch of images.
  tf.registerGradient({
    kernelName: 'Tile',
    gradFunc: (dy, _, attrs) => {
      const { reps } = attrs as { reps: number[] }
      return { x: () => reps.reduce((sum, repeats, axis) => sumOfRepeats(sum, axis, repeats), dy as tf.Tensor) }
    },
  })
  // TensorFlow.js's own forgets what the margins contribute.
  tf.registerGradient({
    kernelName: 'MirrorPad',
    gradFunc: (dy, _, attrs) => {
      const { paddings, mode } = attrs as { paddings: [number, number][]; mode: 'reflect' | 'symmetric' }
      const edge = mode === 'reflect' ? 1 : 0
      return { x: () => paddings.reduce((sum, margins, axis) => folded(sum, axis, margins, edge), dy as tf.Tensor) }
    },
  })
}
