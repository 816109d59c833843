/** Named tensors on the host, as files store them. */
import type { DType, HostArray } from '@winning-tickets/jit'

/** What files hold: the jit's types, and doubles, which scores may be. */
export type StoredDType = DType | 'float64'

/** One tensor: row-major data in the array type of its dtype (bool: one byte an element, 0 or 1). */
export interface StoredTensor {
  readonly dtype: StoredDType
  readonly shape: readonly number[]
  readonly data: HostArray
}

export type NamedTensors = Readonly<Record<string, StoredTensor>>

/** Array type and bytes an element of each dtype. */
const layouts = {
  float64: { array: Float64Array, bytes: 8 },
  float32: { array: Float32Array, bytes: 4 },
  int32: { array: Int32Array, bytes: 4 },
  uint8: { array: Uint8Array, bytes: 1 },
  bool: { array: Uint8Array, bytes: 1 },
} as const satisfies Record<StoredDType, unknown>

export function bytesPerElement(dtype: StoredDType): 1 | 4 | 8 {
  return layouts[dtype].bytes
}

/** Number of elements of a shape; 1 for a scalar. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Order of names everywhere in files and hashes: by UTF-16 code unit, the same in every locale. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The bytes of a tensor, not copied, after checking that data, shape and dtype belong together. */
export function bytesOf(tensor: StoredTensor, name: string): Uint8Array {
  const { dtype, shape, data } = tensor
  const wanted = layouts[dtype].array
  if (!(data instanceof wanted)) {
    throw new TypeError(
      `Tensor "${name}" is ${dtype}, so its data must be a ${wanted.name}, not ${data.constructor.name}.`,
    )
  }
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || elements(shape) !== data.length) {
    throw new RangeError(`Tensor "${name}" has shape [${shape}] but ${data.length} elements.`)
  }
  if (dtype === 'bool' && data.some((flag) => flag > 1)) {
    throw new RangeError(`Tensor "${name}" is bool, so its bytes must be 0 or 1.`)
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** The array of a tensor from its bytes, copied into a buffer of its own (which also aligns it). */
export function arrayFrom(dtype: StoredDType, bytes: Uint8Array): HostArray {
  const copy = new Uint8Array(bytes)
  return dtype === 'uint8' || dtype === 'bool' ? copy : new layouts[dtype].array(copy.buffer)
}
