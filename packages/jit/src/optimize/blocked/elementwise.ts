/** Ops that treat all elements alike: sums, products and ReLUs by channel stay combinations, the rest is computed in blocks. */
import { ELEMENTWISE } from '../../trace/elementwise.js'
import type { Node, Value } from '../../trace/graph.js'
import { nodeLike } from '../layout.js'
import { Combination, spreadOver } from './combination.js'
import type { BlockedPlan } from './plan.js'
import { type Form, lazy, type Planner } from './planner.js'
import { over, plus, type Scale, times } from './scale.js'

/** An op on combinations, and on numbers alone. */
interface Linear {
  readonly numbers: (operands: Scale[]) => Scale
  /** Undefined where the result is no combination. */
  readonly combinations: (operands: Combination[]) => Combination | undefined
}

const sum: Linear = {
  numbers: (operands) => operands.reduce(plus),
  combinations: (operands) => operands.reduce((a, b) => a.plus(b)),
}

const linear: Readonly<Record<string, Linear>> = {
  Add: sum,
  AddN: sum,
  Sub: {
    numbers: ([a, b]) => plus(a!, times(b!, -1)),
    combinations: ([a, b]) => a!.plus(b!.scaled(-1)),
  },
  Neg: {
    numbers: ([x]) => times(x!, -1),
    combinations: ([x]) => x!.scaled(-1),
  },
  Multiply: {
    numbers: ([a, b]) => times(a!, b!),
    combinations([a, b]) {
      if (b!.uniform !== undefined) return a!.scaled(b!.uniform)
      return a!.uniform === undefined ? undefined : b!.scaled(a!.uniform)
    },
  },
  RealDiv: {
    numbers: ([a, b]) => over(a!, b!),
    combinations: ([a, b]) => (b!.uniform === undefined ? undefined : a!.scaled(over(1, b!.uniform))),
  },
}

/** Whether a value has one number an image and channel, for images of the given shape. */
const isByImage = ({ shape, dtype }: Value, [batch, channels]: readonly number[]) =>
  dtype === 'float32' && String(shape) === String([batch, channels, 1, 1])

/** An operand of the given shape, in blocks; undefined if it is broadcast in a way that blocks have not. */
function operand(value: Value, shape: readonly number[], planner: Planner): Combination | undefined {
  const { scale } = planner.form(value)
  if (scale) return new Combination(shape, [], scale())
  if (String(value.shape) === String(shape)) return planner.fits(value) ? planner.combination(value) : undefined
  return isByImage(value, shape) ? Combination.of(spreadOver(planner.plain(value), shape)) : undefined
}

/** A nonlinear op on tensors in blocks. */
function onTensors(node: Node, operands: readonly Combination[], planner: Planner): Combination {
  const [x] = operands
  if (node.op === 'Relu') return Combination.of(x!.relu())
  // The ReLU is there anyway, and positive where its argument is.
  const pending = node.op === 'Step' && !node.attrs.alpha && !x!.isTensor
  const tensors = pending ? [x!.relu()] : operands.map((combination) => planner.computed(combination))
  return Combination.of(nodeLike(node, tensors, node.attrs, node.outputs[0]!.shape))
}

const plan: BlockedPlan = (node, planner): Form | undefined => {
  const [y] = node.outputs
  if (!planner.fits(y!)) return undefined
  const { op, inputs } = node
  if (!inputs.some((value) => planner.isBlocked(value))) return numbers(node, planner) ?? numbersByImage(node, planner)
  const operands = inputs.map((value) => operand(value, y!.shape, planner))
  if (operands.some((combination) => combination === undefined)) return undefined
  const known = operands as Combination[]
  return planner.formOf(linear[op]?.combinations(known) ?? onTensors(node, known, planner))
}

/** The op as it was. */
const plainly = (node: Node, planner: Planner) =>
  lazy(() => {
    const operands = node.inputs.map((value) => planner.plain(value))
    return nodeLike(node, operands, node.attrs, node.outputs[0]!.shape)
  })

/** An op on numbers by channel, which nobody has to spread over all pixels. */
function numbers(node: Node, planner: Planner): Form | undefined {
  const scales = node.inputs.map((value) => planner.form(value).scale)
  const op = linear[node.op]
  if (!op || scales.some((scale) => scale === undefined)) return undefined
  return { plain: plainly(node, planner), scale: lazy(() => op.numbers(scales.map((scale) => scale!()))) }
}

/** An op on numbers by image and channel, which are spread in the layout that is asked for. */
function numbersByImage(node: Node, planner: Planner): Form | undefined {
  const { shape } = node.outputs[0]!
  const op = linear[node.op]
  const known = ({ scale, spread }: Form, value: Value) => scale ?? spread ?? isByImage(value, shape)
  if (!op || shape[2]! * shape[3]! === 1) return undefined
  if (!node.inputs.every((value) => known(planner.form(value), value))) return undefined
  const operands = node.inputs.map((value) => operand(value, shape, planner))
  // What was spread over fewer pixels, a single row say, is broadcast again.
  if (operands.some((combination) => combination === undefined)) return undefined
  const combination = op.combinations(operands as Combination[])
  return combination && { plain: plainly(node, planner), spread: () => combination }
}

export const elementwise: Readonly<Record<string, BlockedPlan>> = Object.fromEntries(
  [...ELEMENTWISE].filter((op) => op !== 'Cast').map((op) => [op, plan]),
)
