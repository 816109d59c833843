/** A traced value in the layouts that ops ask for: channels last, as TensorFlow.js has it, or channels first. */
import { makeNode, type Node, type Value } from '../trace/graph.js'

export type Layout = 'last' | 'first'

/** Axes of channels last, in the order of channels first; and the way back. */
const TO_FIRST = [0, 3, 1, 2]
const TO_LAST = [0, 2, 3, 1]

/** A shape, or any list with an entry an axis, from channels last to a layout. */
export const inLayout = <T>(list: readonly T[], layout: Layout): T[] =>
  layout === 'first' ? TO_FIRST.map((axis) => list[axis]!) : [...list]

/** Where an axis of channels last is in a layout. */
export const axisIn = (axis: number, layout: Layout): number => (layout === 'first' ? TO_FIRST.indexOf(axis) : axis)

/** Whether changing the layout of a channels-last shape moves no element. */
export function isFree(shape: readonly number[]): boolean {
  const long = TO_FIRST.filter((axis) => shape[axis] !== 1)
  return long.every((axis, i) => i === 0 || axis > long[i - 1]!)
}

export function transposed(x: Value, perm: readonly number[]): Value {
  const shape = perm.map((axis) => x.shape[axis]!)
  return makeNode('Transpose', [x], { perm }, [{ shape, dtype: x.dtype }], { inputNames: ['x'] }).outputs[0]!
}

export function reshaped(x: Value, shape: readonly number[]): Value {
  return makeNode('Reshape', [x], { shape }, [{ shape, dtype: x.dtype }], { inputNames: ['x'] }).outputs[0]!
}

/** One traced value in the layouts that were asked for; each is made at most once. */
export interface Form {
  /** The layout that the value was computed in; undefined if it can be computed in either alike. */
  readonly home?: Layout
  /** Whether to have it in another layout moves elements. */
  readonly moves: boolean
  in(layout: Layout): Value
}

/** The form of a value that was computed in one layout. Values that are no images (rank other than 4) have only one. */
export function computed(value: Value, home: Layout): Form {
  if (value.shape.length !== 4) return { home, moves: true, in: () => value }
  const free = isFree(home === 'last' ? value.shape : TO_LAST.map((axis) => value.shape[axis]!))
  let other: Value | undefined
  return {
    home,
    moves: !free,
    in(layout) {
      if (layout === home) return value
      const perm = home === 'last' ? TO_FIRST : TO_LAST
      other ??= free
        ? reshaped(
            value,
            perm.map((axis) => value.shape[axis]!),
          )
        : transposed(value, perm)
      return other
    },
  }
}

/** The form of a value that costs the same in both layouts. */
export function computedOnDemand(make: (layout: Layout) => Value): Form {
  const made = new Map<Layout, Value>()
  return {
    moves: false,
    in(layout) {
      const value = made.get(layout) ?? make(layout)
      made.set(layout, value)
      return value
    },
  }
}

/** A node like another, with other inputs, attributes and shape. */
export const nodeLike = (node: Node, inputs: readonly Value[], attrs: Node['attrs'], shape: readonly number[]): Value =>
  makeNode(node.op, inputs, attrs, [{ shape, dtype: node.outputs[0]!.dtype }], { inputNames: node.inputNames })
    .outputs[0]!
