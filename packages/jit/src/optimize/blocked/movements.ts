/** Ops that move whole blocks of channels, and the way back to channels last. */
import type { Node } from '../../trace/graph.js'
import { listOf } from '../../trace/shapes.js'
import { nodeLike } from '../layout.js'
import { Combination } from './combination.js'
import type { BlockedPlan } from './plan.js'
import { lazy, type Planner, unblocked } from './planner.js'

const transpose: BlockedPlan = ({ inputs, attrs }, planner) => {
  const { combination } = planner.form(inputs[0]!)
  if (!combination || String(attrs.perm) !== '0,2,3,1') return undefined
  return { plain: lazy(() => unblocked(planner.computed(combination), true)) }
}

/** The same op on the tensor in blocks, where it moves whole blocks: they lie as planes of channels would. */
const ofBlocks =
  (moves: (node: Node, block: number) => boolean): BlockedPlan =>
  (node, planner: Planner) => {
    const [y] = node.outputs
    const blocked =
      node.inputs.some((value) => planner.isBlocked(value)) && node.inputs.every((value) => planner.fits(value))
    if (!blocked || !planner.fits(y!) || !moves(node, planner.block)) return undefined
    const tensors = node.inputs.map((value) => planner.tensor(value))
    return planner.formOf(Combination.of(nodeLike(node, tensors, node.attrs, y!.shape)))
  }

const pad = ofBlocks(({ attrs }, block) => {
  const [, channels, ...sides] = attrs.paddings as unknown as [number, number][]
  return channels!.every((side) => side % block === 0) && sides.flat().every((side) => side === 0)
})

const slice = ofBlocks(({ inputs, outputs, attrs }, block) => {
  const [before, after] = [inputs[0]!.shape, outputs[0]!.shape]
  return listOf(attrs.begin)[1]! % block === 0 && [2, 3].every((axis) => before[axis] === after[axis])
})

export const movements: Readonly<Record<string, BlockedPlan>> = { Transpose: transpose, PadV2: pad, Slice: slice }
