import type { tf } from '../tf.js'

/** Sums a gradient over the axes along which `shape` was broadcast. */
export function unbroadcast(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  const lead = gradient.rank - shape.length
  const axes = gradient.shape.flatMap((side, axis) =>
    axis < lead || (shape[axis - lead] === 1 && side !== 1) ? [axis] : [],
  )
  return (axes.length > 0 ? gradient.sum(axes) : gradient).reshape(shape)
}
