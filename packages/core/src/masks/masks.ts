/** Masks: 0/1 for each prunable weight, and how dense they are. */
import { UserError } from '../errors.js'
import { type Model, parameterCount, prunableParameters, sizeOf, type Weights } from '../models/index.js'

/** 0/1 bytes of each prunable parameter, by its name, row-major. */
export type Masks = Readonly<Record<string, Uint8Array>>

/** How much of a network is left. */
export interface DensityRecord {
  /** N: prunable weights, and K: those kept. */
  readonly prunable: number
  readonly kept: number
  /** K / N, 1 - K / N and N / K (null if nothing is kept). */
  readonly density: number
  readonly sparsity: number
  readonly compression: number | null
  /** All parameters of the model, biases and statistics included, so that other denominators can be derived. */
  readonly parameters: number
  readonly layers: readonly LayerDensity[]
  /** Prunable parameters of which nothing is kept. */
  readonly collapsed: readonly string[]
}

export interface LayerDensity {
  readonly name: string
  readonly prunable: number
  readonly kept: number
}

/** A mask that keeps everything. */
export function denseMasks(model: Model): Masks {
  return Object.fromEntries(
    prunableParameters(model).map(({ name, shape }) => [name, new Uint8Array(sizeOf(shape)).fill(1)]),
  )
}

export function countKept(mask: Uint8Array): number {
  let kept = 0
  // Not by its iterator, which takes three times as long.
  for (let i = 0; i < mask.length; i++) kept += mask[i]!
  return kept
}

/** The record of a mask; without one, of the dense network. */
export function densityRecord(model: Model, masks?: Masks): DensityRecord {
  const layers = prunableParameters(model).map(({ name, shape }) => {
    const prunable = sizeOf(shape)
    return { name, prunable, kept: masks ? countKept(masks[name]!) : prunable }
  })
  const prunable = layers.reduce((sum, layer) => sum + layer.prunable, 0)
  const kept = layers.reduce((sum, layer) => sum + layer.kept, 0)
  return {
    prunable,
    kept,
    density: kept / prunable,
    sparsity: 1 - kept / prunable,
    compression: kept > 0 ? prunable / kept : null,
    parameters: parameterCount(model),
    layers,
    collapsed: layers.filter((layer) => layer.kept === 0).map(({ name }) => name),
  }
}

/** Weights under a mask. */
export interface MaskedWeights {
  readonly weights: Weights
  readonly masks: Masks
}

/**
 * The weights with every masked element set to zero; parameters without a mask are shared, not copied.
 *
 * @param before the same weights under other masks, no longer needed: their arrays are changed where the masks differ and
 *   used again, which takes a fraction of the time
 */
export function maskWeights(weights: Weights, masks: Masks | undefined, before?: MaskedWeights): Weights {
  if (masks === undefined) return weights
  const masked = Object.entries(masks).map(([name, mask]) => {
    const [given, last, lastMask] = [weights[name]!, before?.weights[name], before?.masks[name]]
    if (last && lastMask) {
      applyWhereChanged(given, mask, last, lastMask)
      return [name, last] as const
    }
    const values = new Float32Array(given.length)
    applyMask(given, mask, values, 0, mask.length)
    return [name, values] as const
  })
  return { ...weights, ...Object.fromEntries(masked) }
}

/** Writes the elements from `start` to before `end`. */
function applyMask(weights: Float32Array, mask: Uint8Array, into: Float32Array, start: number, end: number): void {
  // A product would leave -0 where a weight was negative, and no processor foresees a branch on a mask.
  const [from, to] = [bitsOf(weights), bitsOf(into)]
  for (let i = start; i < end; i++) to[i] = from[i]! & -mask[i]!
}

const bitsOf = ({ buffer, byteOffset, length }: Float32Array): Int32Array => new Int32Array(buffer, byteOffset, length)

/** Makes weights under one mask those under another. Masks are compared by four flags at a time. */
function applyWhereChanged(weights: Float32Array, mask: Uint8Array, into: Float32Array, before: Uint8Array): void {
  const [from, to] = [bitsOf(weights), bitsOf(into)]
  const [now, then] = [wordsOf(mask), wordsOf(before)]
  for (let word = 0; word < now.length; word++) {
    if (now[word] === then[word]) continue
    for (let i = 4 * word; i < 4 * word + 4; i++) to[i] = from[i]! & -mask[i]!
  }
  applyMask(weights, mask, into, 4 * now.length, mask.length)
}

/** Flags by fours, without those of the last one if it has fewer. */
function wordsOf(mask: Uint8Array): Int32Array {
  const { buffer, byteOffset } = mask.byteOffset % 4 === 0 ? mask : mask.slice()
  return new Int32Array(buffer, byteOffset, Math.floor(mask.length / 4))
}

/** @throws UserError unless there is exactly one mask of 0 and 1 for each prunable parameter, of its size */
export function checkMasks(model: Model, masks: Masks): void {
  const parameters = prunableParameters(model)
  const strangers = Object.keys(masks).filter((name) => !parameters.some((parameter) => parameter.name === name))
  if (strangers.length > 0) {
    throw new UserError(`The mask names ${strangers.join(', ')}, which model ${model.name} cannot prune.`)
  }
  const wrong = parameters.filter(({ name, shape }) => masks[name]?.length !== sizeOf(shape))
  if (wrong.length > 0) {
    const each = wrong.map(
      ({ name, shape }) => `of ${name} has ${masks[name]?.length ?? 'no'} elements and needs ${sizeOf(shape)}`,
    )
    throw new UserError(`The mask does not fit model ${model.name}: that ${each.join(', that ')}.`)
  }
  const strange = parameters.find(({ name }) => masks[name]!.some((flag) => flag > 1))
  if (strange !== undefined) throw new UserError(`The mask of ${strange.name} holds values other than 0 and 1.`)
}
