/** Names of a checkpoint's tensors: "weights/fc1.kernel", "slots/first/fc1.kernel", "kept/100/weights/fc1.kernel". */
import type { NamedTensors, StoredTensor } from '../files/index.js'
import type { Weights } from '../models/index.js'
import type { Slots } from '../tickets/index.js'

export function floats(prefix: string, arrays: Weights): NamedTensors {
  const tensors = Object.entries(arrays).map(([name, data]): [string, StoredTensor] => [
    name,
    { dtype: 'float32', shape: [data.length], data },
  ])
  return prefixed(prefix, Object.fromEntries(tensors))
}

export function slotTensors(prefix: string, slots: Slots): NamedTensors {
  return merged(Object.entries(slots).map(([slot, values]) => floats(`${prefix}/${slot}`, values)))
}

export function prefixed(prefix: string, tensors: NamedTensors): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}/${name}`, tensor]))
}

export function merged(parts: readonly NamedTensors[]): NamedTensors {
  return Object.assign({}, ...parts)
}

/** The tensors of a prefix, under their names without it. */
export function tensorsBelow(tensors: NamedTensors, prefix: string): NamedTensors {
  const below = Object.entries(tensors).filter(([name]) => name.startsWith(`${prefix}/`))
  return Object.fromEntries(below.map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]))
}

/** Values by name, of whatever type the file has. */
export type Arrays = Readonly<Record<string, StoredTensor['data']>>

export function arraysBelow(tensors: NamedTensors, prefix: string): Arrays {
  const below = Object.entries(tensorsBelow(tensors, prefix))
  return Object.fromEntries(below.map(([name, { data }]) => [name, data]))
}
