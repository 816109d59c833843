/** The stage that sums theta^2, the saliency of iterative magnitude pruning, over each layer of a network (SF-8; the paper's Fig. 5). */
import {
  coreSemantics,
  countKept,
  denseMasks,
  initialWeights,
  type Masks,
  type Model,
  maskWeights,
  prunableParameters,
  type Weights,
} from '@winning-tickets/core'
import {
  buildModel,
  decodeMasks,
  decodeWeights,
  leastWhole,
  modelSchema,
  type StageKind,
} from '@winning-tickets/harness'
import { z } from 'zod'

const schema = z.strictObject({
  model: modelSchema,
  /** theta_0 of the seed; weights that the input "trained" kept at an iteration; its last weights. */
  weights: z.discriminatedUnion('from', [
    z.strictObject({ from: z.literal('init'), seed: z.int().min(0) }),
    z.strictObject({ from: z.literal('kept'), step: z.int().min(1) }),
    z.strictObject({ from: z.literal('end') }),
  ]),
  /** Whether there is an input "mask". */
  masked: z.boolean(),
})
export type MagnitudesConfig = z.output<typeof schema>

/** Inputs: "trained" unless the weights are initial, "mask" if `masked`. Metrics: those of `measureMagnitudes`. */
export const magnitudesKind: StageKind<MagnitudesConfig, z.input<typeof schema>> = {
  name: 'synflow/magnitudes',
  schema,
  semantics: {
    generator: coreSemantics.generator,
    initialisation: coreSemantics.initialisation,
    /** What is summed, the spread, and the critical compression. */
    magnitudes: 1,
  },
  identity: () => ({}),
  cost: () => ({ steps: 1, seconds: 0.1 }),
  async run({ config: { model: chosen, weights, masked }, inputs }) {
    const model = buildModel(chosen)
    const trained = async (name: string) => decodeWeights(model, await inputs.trained!.artifact(name))
    const values =
      weights.from === 'init'
        ? initialWeights(model, weights.seed)
        : await trained(weights.from === 'kept' ? `weights@${weights.step}` : 'weights')
    const mask = masked ? decodeMasks(model, await inputs.mask!.artifact('mask')) : denseMasks(model)
    return { result: { metrics: measureMagnitudes(model, maskWeights(values, mask), mask) } }
  },
}

/**
 * Of each layer: the weights left ("size/conv1.kernel") and their mean theta^2 ("score/conv1.kernel"). Of all:
 * - `spread`: the standard deviation of the layers' sums of theta^2, relative to their mean; 0 if the sums are conserved, at
 *   most sqrt(L - 1), if one layer has all.
 * - `ratio`: the largest sum over the smallest, where no layer is empty.
 * - `criticalCompression`: N / K for the smallest K of which global magnitude pruning empties no layer.
 */
export function measureMagnitudes(model: Model, weights: Weights, mask: Masks): Readonly<Record<string, number>> {
  const layers = prunableParameters(model).map(({ name }) => {
    const squares = Float64Array.from(weights[name]!, (weight) => weight ** 2)
    return { name, squares, kept: countKept(mask[name]!), sum: squares.reduce((sum, square) => sum + square, 0) }
  })
  const sums = layers.map(({ sum }) => sum)
  const mean = sums.reduce((a, b) => a + b, 0) / sums.length
  const variance = sums.reduce((all, sum) => all + (sum - mean) ** 2, 0) / sums.length
  const prunable = layers.reduce((all, { squares }) => all + squares.length, 0)
  const least = Math.min(...sums)
  return {
    prunable,
    layers: layers.length,
    kept: layers.reduce((all, { kept }) => all + kept, 0),
    collapsed: layers.filter(({ kept }) => kept === 0).length,
    spread: Math.sqrt(variance) / mean,
    ...(least > 0 && { ratio: Math.max(...sums) / least }),
    criticalCompression: prunable / leastWhole(Object.fromEntries(layers.map(({ name, squares }) => [name, squares]))),
    ...Object.fromEntries(
      layers.flatMap(({ name, kept, sum }) => [
        [`size/${name}`, kept],
        [`score/${name}`, kept === 0 ? 0 : sum / kept],
      ]),
    ),
  }
}
