/** The artifact "neurons": sums of saliencies over the weights that come into a hidden neuron, and over those that leave it. */
import { decodeSafetensors, encodeSafetensors } from '@winning-tickets/core'

export interface NeuronSums {
  readonly incoming: readonly number[]
  /** Of the same neurons. */
  readonly outgoing: readonly number[]
}

const SIDES = ['incoming', 'outgoing'] as const

/** "<saliency>.incoming" and "<saliency>.outgoing" [neurons], in single precision: for drawings. */
export function encodeNeurons(saliencies: Readonly<Record<string, NeuronSums>>): Uint8Array {
  const column = (values: readonly number[]) =>
    ({ dtype: 'float32', shape: [values.length], data: Float32Array.from(values) }) as const
  return encodeSafetensors(
    Object.fromEntries(
      Object.entries(saliencies).flatMap(([name, sums]) =>
        SIDES.map((side) => [`${name}.${side}`, column(sums[side])] as const),
      ),
    ),
  )
}

export function decodeNeurons(bytes: Uint8Array): Record<string, NeuronSums> {
  const { tensors } = decodeSafetensors(bytes)
  const names = new Set(Object.keys(tensors).map((name) => name.slice(0, name.lastIndexOf('.'))))
  const side = (name: string) => Array.from(tensors[name]!.data as Float32Array)
  return Object.fromEntries(
    [...names].map((name) => [name, { incoming: side(`${name}.incoming`), outgoing: side(`${name}.outgoing`) }]),
  )
}
