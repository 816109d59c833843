/** Batch normalisation with given statistics. */
import type { Ref } from '../onnx/builder.js'
import { broadcast } from '../trace/shapes.js'
import type { Lowering } from './context.js'

/** (x - mean) * (scale / sqrt(variance + epsilon)) + offset; centred first, so that a large mean costs no digits. */
const batchNorm: Lowering = (node, context) => {
  const { builder } = context
  const named = new Map(node.inputNames!.map((name, i) => [name, context.full(node.inputs[i]!)]))
  const [x, mean, variance] = ['x', 'mean', 'variance'].map((name) => named.get(name)!) as [Ref, Ref, Ref]
  const [scale, offset] = [named.get('scale'), named.get('offset')]
  const op = (name: string, a: Ref, b: Ref) => builder.add(name, [a, b], broadcast(a.shape, b.shape), x.type)
  const epsilon = builder.scalar(Number(node.attrs.varianceEpsilon), x.type)
  const deviation = builder.add('Sqrt', [op('Add', variance, epsilon)], variance.shape, x.type)
  const factor = scale ? op('Div', scale, deviation) : builder.add('Reciprocal', [deviation], variance.shape, x.type)
  const normal = op('Mul', op('Sub', x, mean), factor)
  return offset ? op('Add', normal, offset) : normal
}

export const normalisations: Record<string, Lowering> = { FusedBatchNorm: batchNorm }
