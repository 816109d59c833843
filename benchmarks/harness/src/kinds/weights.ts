/** How weights, masks and curves travel between stages: safetensors bytes, and masks at one bit an element. */
import {
  type Curves,
  countKept,
  decodeSafetensors,
  encodeSafetensors,
  type Masks,
  type Model,
  packBits,
  prunableParameters,
  sizeOf,
  UserError,
  unpackBits,
  type Weights,
} from '@winning-tickets/core'

/** Every parameter under its name, in the shape the model gives it. */
export function encodeWeights(model: Model, weights: Weights): Uint8Array {
  return encodeSafetensors(
    Object.fromEntries(
      model.parameters.map(({ name, shape }) => [name, { dtype: 'float32', shape, data: weights[name]! }]),
    ),
  )
}

/** @throws UserError if a parameter of the model is not there in its shape */
export function decodeWeights(model: Model, bytes: Uint8Array): Weights {
  const { tensors } = decodeSafetensors(bytes)
  return Object.fromEntries(
    model.parameters.map(({ name, shape }) => {
      const data = tensors[name]?.data
      if (!(data instanceof Float32Array) || data.length !== sizeOf(shape)) {
        throw new UserError(`The stored weights have no ${name} of [${shape}]; delete that record and run it again.`)
      }
      return [name, data]
    }),
  )
}

/** The masks of the prunable parameters one after the other, one bit an element. */
export function encodeMasks(model: Model, masks: Masks): Uint8Array {
  const parts = prunableParameters(model).map(({ name }) => masks[name]!)
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return packBits(all)
}

export function decodeMasks(model: Model, bytes: Uint8Array): Masks {
  const parameters = prunableParameters(model)
  const all = unpackBits(
    bytes,
    parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
  )
  let at = 0
  return Object.fromEntries(
    parameters.map(({ name, shape }) => {
      at += sizeOf(shape)
      return [name, all.slice(at - sizeOf(shape), at)]
    }),
  )
}

/** K of each prunable parameter, for results. */
export const keptByLayer = (masks: Masks) =>
  Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, countKept(mask)]))

export function encodeCurves(curves: Curves): Uint8Array {
  const { iteration, ...rest } = curves
  const shape = [iteration.length]
  return encodeSafetensors({
    iteration: { dtype: 'int32', shape, data: iteration },
    ...Object.fromEntries(
      Object.entries(rest).map(([name, data]) => [name, { dtype: 'float32' as const, shape, data }]),
    ),
  })
}
