/** Numbers that belong to channels: what a channel is multiplied by, or raised by. */
import { makeNode, type Value } from '../../trace/graph.js'

/** One number for all channels, known or computed ([]), or one a channel ([channels]). */
export type Scale = number | Value

const number = (value: number): Value =>
  makeNode('Fill', [], { shape: [], value, dtype: 'float32' }, [{ shape: [], dtype: 'float32' }]).outputs[0]!

const asValue = (scale: Scale): Value => (typeof scale === 'number' ? number(scale) : scale)

function combined(op: string, a: Scale, b: Scale): Value {
  const operands = [asValue(a), asValue(b)]
  const shape = operands.map((value) => value.shape).find(({ length }) => length > 0) ?? []
  return makeNode(op, operands, {}, [{ shape, dtype: 'float32' }], { inputNames: ['a', 'b'] }).outputs[0]!
}

/** Zero times anything is zero, NaN and infinities too: gradients that are zero by construction cost nothing. */
export function times(a: Scale, b: Scale): Scale {
  if (a === 0 || b === 0) return 0
  if (a === 1) return b
  if (b === 1) return a
  return typeof a === 'number' && typeof b === 'number' ? Math.fround(a * b) : combined('Multiply', a, b)
}

export function plus(a: Scale, b: Scale): Scale {
  if (a === 0) return b
  if (b === 0) return a
  return typeof a === 'number' && typeof b === 'number' ? Math.fround(a + b) : combined('Add', a, b)
}

export function over(a: Scale, b: Scale): Scale {
  if (b === 1) return a
  return typeof a === 'number' && typeof b === 'number' ? Math.fround(a / b) : combined('RealDiv', a, b)
}

/** A scale as one value a channel, in the given shape: [channels], or one that broadcasts. */
export function spread(scale: Scale, channels: number, shape: readonly number[] = [channels]): Value {
  const value = asValue(scale)
  const node = (op: string, attrs: object, to: readonly number[]) =>
    makeNode(op, [value], { ...attrs } as never, [{ shape: to, dtype: 'float32' }], { inputNames: ['x'] }).outputs[0]!
  if (value.shape.length === 0) {
    if (typeof scale === 'number') {
      return makeNode('Fill', [], { shape, value: scale, dtype: 'float32' }, [{ shape, dtype: 'float32' }]).outputs[0]!
    }
    return node('BroadcastTo', { shape }, shape)
  }
  return shape.length === 1 ? value : node('Reshape', { shape }, shape)
}
