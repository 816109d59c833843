/** Matrix products, with transposes folded into the kernel instead of being carried out. */
import type { Lowering } from './context.js'

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
  return builder.add('FusedMatMul', [a, b], shape, dtype, { transA, transB }, 'com.microsoft')
}

export const linear: Record<string, Lowering> = { BatchMatMul: matMul }
