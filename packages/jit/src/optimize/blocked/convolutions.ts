/** Convolutions in blocks. */
import type { Node } from '../../trace/graph.js'
import { pointwise } from '../geometry.js'
import type { WindowAttributes } from '../spatial.js'
import { Combination } from './combination.js'
import type { BlockedPlan } from './plan.js'
import { lazy, made, type Planner } from './planner.js'

const windowsOf = (node: Node) => node.attrs as unknown as WindowAttributes

const filterOf = ({ inputs }: Node) => inputs[1]!.shape as [number, number, number, number]

/** Images with a few channels, such as RGB, go into the blocked convolution as they are. */
const convolution: BlockedPlan = (node, planner) => {
  const [x, filter] = node.inputs
  const [, , inputs, outputs] = filterOf(node)
  const { block } = planner
  if (outputs % block !== 0) return undefined
  if (inputs % block !== 0 && inputs >= block) return undefined
  const images = inputs % block === 0 ? planner.tensor(x!) : planner.plain(x!)
  return result(node, [images, planner.plain(filter!)], planner)
}

/**
 * The gradient of the input, where its rows and columns are those of the output times the strides. With strides it is
 * computed apart, a group of channels for each place in a stride, and then put together.
 */
const inputGradient: BlockedPlan = (node, planner) => {
  const [dy, filter] = node.inputs
  const [, , inputs, outputs] = filterOf(node)
  const { kernel, strides, before } = windowsOf(node)
  const { shape } = node.outputs[0]!
  const whole = strides.every((stride, i) => shape[2 + i] === stride * dy!.shape[2 + i]!)
  const inside = before.every((padding, i) => padding < kernel[i]!)
  if (inputs % planner.block !== 0 || outputs % planner.block !== 0 || !whole || !inside) return undefined
  const operands = [planner.tensor(dy!), planner.plain(filter!)]
  const places = strides[0]! * strides[1]!
  if (places === 1) return result(node, operands, planner)
  const [batch, channels] = shape as [number, number]
  const apart = made(`Blocked${node.op}`, operands, node.attrs, [batch, places * channels, ...dy!.shape.slice(2)])
  return planner.formOf(Combination.of(made('BlockedTogether', [apart], { strides }, shape)))
}

/**
 * The gradient of a filter is plain, and most are as fast from plain operands (`filterGradient` of lower/convolution.ts). One
 * with a single block of outputs takes the upstream gradients in blocks, two columns at a time.
 */
const filterGradient: BlockedPlan = (node, planner) => {
  const [x, dy] = node.inputs
  const windows = windowsOf(node)
  const [, outputs, , columns] = dy!.shape as [number, number, number, number]
  const even = columns % 2 === 0 && windows.strides[1] === 1
  if (pointwise(windows) || outputs !== planner.block || !even || !planner.isBlocked(dy!)) return undefined
  const operands = () => [planner.plain(x!), planner.tensor(dy!)]
  return { plain: lazy(() => made(`Blocked${node.op}`, operands(), node.attrs, node.outputs[0]!.shape)) }
}

function result({ op, attrs, outputs }: Node, inputs: Parameters<typeof made>[1], planner: Planner) {
  const tensor = made(`Blocked${op}`, inputs, attrs, outputs[0]!.shape)
  return planner.formOf(Combination.of(tensor))
}

export const convolutions: Readonly<Record<string, BlockedPlan>> = {
  Conv2D: convolution,
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
}
