/** The gradient of a maximum over two by two pixels, by halves: rows of it first, then columns. */
import type { Builder, Ref } from '../onnx/builder.js'

/**
 * All of a gradient goes to the first maximum in reading order, as in TensorFlow.js: the upper row of a window if its
 * maximum is no less than the lower one's, and in it the left pixel if that is no less than the right one.
 *
 * @param x pixels [planes, rows, 2, columns, 2, depth]
 * @param dy upstream gradients [planes, rows, 1, columns, 1, depth]
 * @returns the gradients of the pixels, in their shape
 */
export function quartersGradient(builder: Builder, x: Ref, dy: Ref): Ref {
  const op = (name: string, a: Ref, b: Ref) => builder.add(name, [a, b], a.shape, a.type)
  const halves = (ref: Ref, axis: number): [Ref, Ref] => {
    const half = { shape: ref.shape.with(axis, 1), type: ref.type }
    return builder.addMany('Split', [ref], [half, half], { axis, num_outputs: 2 }) as [Ref, Ref]
  }
  const joined = (parts: readonly Ref[], axis: number) =>
    builder.add('Concat', parts, parts[0]!.shape.with(axis, 2), parts[0]!.type, { axis })
  /** The gradients of the first and the second of two, of which the first is chosen if it is no less. */
  const divided = (first: Ref, second: Ref, gradient: Ref): [Ref, Ref] => {
    // Clamping 1e38 (a - b) + 1 to [0, 1] is 1 for a >= b and 0 for a < b: one fast pass.
    const chosen = { alpha: { float: 1e38 }, beta: { float: 1 } }
    const isFirst = builder.add('HardSigmoid', [op('Sub', first, second)], first.shape, first.type, chosen)
    const taken = op('Mul', gradient, isFirst)
    return [taken, op('Sub', gradient, taken)]
  }
  const [left, right] = halves(x, 4)
  const [upper, lower] = halves(op('Max', left, right), 2)
  const rows = joined(divided(upper, lower, dy), 2)
  return joined(divided(left, right, rows), 4)
}
