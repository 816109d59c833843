/** Matrix products, with transposes folded into the kernel instead of being carried out. */
import { MICROSOFT, type Ref } from '../onnx/builder.js'
import type { Context, Lowering } from './context.js'
import { transposed } from './windows.js'

/** A tensor with its last two axes exchanged. */
function turned(context: Context, x: Ref): Ref {
  const axes = x.shape.map((_, axis) => axis)
  return transposed(context, x, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!])
}

const matMul: Lowering = (node, context) => {
  const { builder } = context
  const [a, b] = node.inputs.map((value) => context.full(value))
  const { shape, dtype } = node.outputs[0]!
  const transA = node.attrs.transposeA ? 1 : 0
  const transB = node.attrs.transposeB ? 1 : 0
  if (a!.shape.length === 2 && b!.shape.length === 2 && dtype === 'float32') {
    return builder.add('Gemm', [a, b], shape, dtype, { transA, transB })
  }
  if (!transA && !transB) return builder.add('MatMul', [a, b], shape, dtype)
  if (context.standard) {
    const operands = [transA ? turned(context, a!) : a, transB ? turned(context, b!) : b]
    return builder.add('MatMul', operands, shape, dtype)
  }
  return builder.add('FusedMatMul', [a, b], shape, dtype, { transA, transB }, MICROSOFT)
}

export const linear: Record<string, Lowering> = { BatchMatMul: matMul }
