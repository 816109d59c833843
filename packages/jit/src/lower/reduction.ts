/** Reductions, arguments of extremes, softmax and running sums. */
import type { ElementType } from '../onnx/schema.js'
import { axesOf } from '../trace/shapes.js'
import type { Lowering } from './context.js'

/** Reduces over axes; `as` is a type that the ONNX op has when the value's own is not one (bool, or int for means). */
const reduction =
  (op: string, as?: ElementType): Lowering =>
  (node, context) => {
    const { builder } = context
    const [value] = node.inputs
    const { shape, dtype } = node.outputs[0]!
    const x = builder.cast(context.full(value!), as ?? dtype)
    const axes = axesOf(node.attrs.reductionIndices ?? node.attrs.axis, x.shape.length)
    if (axes.length === 0) return builder.cast(x, dtype)
    const keepdims = node.attrs.keepDims ? 1 : 0
    return builder.cast(builder.add(op, [x, builder.ints(axes)], shape, x.type, { keepdims }), dtype)
  }

const argument =
  (op: string): Lowering =>
  (node, context) => {
    const value = context.full(node.inputs[0]!)
    // ONNX orders no booleans.
    const x = value.type === 'bool' ? context.builder.cast(value, 'int32') : value
    const [axis] = axesOf(node.attrs.axis ?? 0, x.shape.length)
    const index = context.builder.add(op, [x], node.outputs[0]!.shape, 'int64', { axis: axis!, keepdims: 0 })
    return context.builder.cast(index, 'int32')
  }

const softmax =
  (op: string): Lowering =>
  (node, context) => {
    const x = context.full(node.inputs[0]!)
    const [axis] = axesOf(node.attrs.dim ?? node.attrs.axis ?? -1, x.shape.length)
    return context.builder.add(op, [x], x.shape, x.type, { axis: axis! })
  }

const cumsum: Lowering = (node, context) => {
  const { builder } = context
  const x = context.full(node.inputs[0]!)
  const [axis] = axesOf(node.attrs.axis, x.shape.length)
  const exclusive = node.attrs.exclusive ? 1 : 0
  return builder.add('CumSum', [x, builder.scalar(axis!, 'int64')], x.shape, x.type, {
    exclusive,
    reverse: node.attrs.reverse ? 1 : 0,
  })
}

export const reductions: Record<string, Lowering> = {
  Sum: reduction('ReduceSum'),
  Mean: reduction('ReduceMean'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  All: reduction('ReduceMin', 'int32'),
  Any: reduction('ReduceMax', 'int32'),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  Softmax: softmax('Softmax'),
  LogSoftmax: softmax('LogSoftmax'),
  Cumsum: cumsum,
}
