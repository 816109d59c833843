/**
 * Convolutions, poolings and their gradients as ONNX has them: images with channels first, filters as TensorFlow.js
 * stores them ([rows, columns, in, out]), and the place of the windows as numbers.
 */
import { makeNode, type Node, type Value } from '../trace/graph.js'
import { convolutionWindows, poolWindows, type Windows } from '../trace/windows.js'
import { pointwise } from './geometry.js'
import { computed, type Form, inLayout, type Layout } from './layout.js'

type Plan = (node: Node, form: (value: Value, layout: Layout) => Value) => Form[]

/** What the lowering of a window op reads. */
export type WindowAttributes = Pick<Windows, 'kernel' | 'strides' | 'before' | 'after'>

const numbers = (value: unknown) => value as number[]

function windowAttributes(windows: Windows | undefined): Node['attrs'] {
  if (!windows) throw new Error('A window op was planned that cannot be compiled.')
  const { kernel, strides, before, after } = windows
  return { kernel, strides, before, after }
}

/**
 * @param layouts of the inputs that are needed, in order
 * @param result layout of the results
 */
const plan =
  (windows: (node: Node) => Windows | undefined, layouts: readonly Layout[], result: Layout): Plan =>
  (node, form) => {
    const inputs = layouts.map((layout, i) => form(node.inputs[i]!, layout))
    const outputs = node.outputs.map(({ shape, dtype }) => ({ shape: inLayout(shape, result), dtype }))
    return makeNode(node.op, inputs, windowAttributes(windows(node)), outputs).outputs.map((y) => computed(y, result))
  }

const forward = plan(
  ({ inputs: [x, filter], attrs }) => convolutionWindows(x!.shape, filter!.shape, attrs),
  ['first', 'last'],
  'first',
)
const inputGradient = plan(
  ({ inputs: [, filter], attrs }) => convolutionWindows(numbers(attrs.inputShape), filter!.shape, attrs),
  ['first', 'last'],
  'first',
)
const filterWindows = ({ inputs: [x], attrs }: Node) => convolutionWindows(x!.shape, numbers(attrs.filterShape), attrs)
const depthwiseFilterGradient = plan(filterWindows, ['first', 'first'], 'last')
/** Images with channels last, which the lowering takes as columns; of single pixels the upstream gradients too. */
const filterGradient: Plan = (node, form) => {
  const windows = filterWindows(node)
  const single = windows && pointwise(windows)
  return plan(filterWindows, ['last', single ? 'last' : 'first'], 'last')(node, form)
}
const pool = plan(({ inputs: [x], attrs }) => poolWindows(x!.shape, attrs), ['first'], 'first')
const poolGradient = (layouts: readonly Layout[]) =>
  plan(({ inputs: [, x], attrs }) => poolWindows(x!.shape, attrs), layouts, 'first')

export const spatial: Readonly<Record<string, Plan>> = {
  Conv2D: forward,
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
  DepthwiseConv2dNative: forward,
  DepthwiseConv2dNativeBackpropInput: inputGradient,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGradient,
  MaxPool: pool,
  MaxPoolWithArgmax: pool,
  // The maxima themselves are not needed, nor, for means, is the input.
  MaxPoolGrad: poolGradient(['first', 'first']),
  AvgPool: pool,
  AvgPoolGrad: poolGradient(['first']),
}
