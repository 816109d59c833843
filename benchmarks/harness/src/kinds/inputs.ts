/** The artifact "inputs" of a scoring: the connections that masks keep of each input of a network, beside the mean image. */
import { decodeSafetensors, encodeSafetensors } from '@winning-tickets/core'

export interface InputCounts {
  /** Kept connections of each input, a list for each density. */
  readonly kept: readonly (readonly number[])[]
  /** The mean of the training images, in 0..255. */
  readonly image: readonly number[]
}

/** "kept" [densities, inputs] and "image" [inputs]. */
export function encodeInputs({ kept, image }: InputCounts): Uint8Array {
  return encodeSafetensors({
    kept: { dtype: 'int32', shape: [kept.length, image.length], data: Int32Array.from(kept.flat()) },
    image: { dtype: 'float32', shape: [image.length], data: Float32Array.from(image) },
  })
}

export function decodeInputs(bytes: Uint8Array): InputCounts {
  const { kept, image } = decodeSafetensors(bytes).tensors
  const size = image!.data.length
  const rows = Array.from({ length: kept!.shape[0]! }, (_, i) => [...kept!.data.slice(i * size, (i + 1) * size)])
  return { kept: rows as number[][], image: [...image!.data] as number[] }
}
