/** What a stage of the kind "score" measures of scores and of masks: plain numbers by name, for the rows of a grid. */
import {
  type ClassificationData,
  countKept,
  drawScoringExamples,
  isConnected,
  lossGradients,
  type Masks,
  type Model,
  maskWeights,
  prunableParameters,
  type ScoreContext,
  type Scores,
  sha256,
  sizeOf,
  UserError,
} from '@winning-tickets/core'
import { encodeMasks } from './weights.js'

export type Metrics = Readonly<Record<string, number>>

/**
 * Of the scores of one pass: each layer's size ("size/conv1.kernel") and mean magnitude ("score/conv1.kernel"), N ("prunable"), L ("layers")
 * and, where all weights are ranked together, the exact largest compression at which no layer is empty.
 */
export function measureScores(scores: Scores, ranked: 'global' | 'layerwise'): Metrics {
  const layers = Object.entries(scores)
  const prunable = layers.reduce((sum, [, score]) => sum + score.length, 0)
  const means = layers.map(([name, score]): [string, number] => {
    let sum = 0
    for (const value of score) sum += Math.abs(value)
    return [`score/${name}`, sum / score.length]
  })
  const critical: Metrics = ranked === 'global' ? { criticalCompression: prunable / leastWhole(scores) } : {}
  const sizes = layers.map(([name, score]): [string, number] => [`size/${name}`, score.length])
  return { prunable, layers: layers.length, ...critical, ...Object.fromEntries([...sizes, ...means]) }
}

/** The least K at which the K best of all scores leave no layer empty: the worst rank of any layer's best weight. */
export function leastWhole(scores: Scores): number {
  const layers = Object.values(scores)
  // Of equal scores the one with the lower flat index ranks higher, so the first best of a layer counts.
  const bests = layers.map((score, layer) => {
    let best = 0
    for (let i = 1; i < score.length; i++) if (score[i]! > score[best]!) best = i
    return { layer, index: best, value: score[best]! }
  })
  const worst = bests.reduce((a, b) => (b.value <= a.value ? b : a))
  let rank = 1
  for (const [layer, score] of layers.entries()) {
    for (let i = 0; i < score.length; i++) {
      const earlier = layer < worst.layer || (layer === worst.layer && i < worst.index)
      if (score[i]! > worst.value || (earlier && score[i] === worst.value)) rank++
    }
  }
  return rank
}

/** Of a mask: N, L, K, what each layer keeps ("kept/conv1.kernel"), the empty layers, and whether a path is left (1 or 0). */
export async function measureMask({ engine, model }: ScoreContext, masks: Masks): Promise<Metrics> {
  const counts = prunableParameters(model).map(({ name }): [string, number] => [name, countKept(masks[name]!)])
  return {
    prunable: prunableParameters(model).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    layers: counts.length,
    kept: counts.reduce((sum, [, count]) => sum + count, 0),
    collapsed: counts.filter(([, count]) => count === 0).length,
    connected: (await isConnected(engine, model, masks)) ? 1 : 0,
    mask: fingerprint(model, masks),
    ...Object.fromEntries(counts.map(([name, count]) => [`kept/${name}`, count])),
  }
}

/** A number that tells masks apart: the first 48 bits of the SHA-256 of their bits. */
export const fingerprint = (model: Model, masks: Masks): number =>
  Number.parseInt(sha256(encodeMasks(model, masks)).slice(0, 12), 16)

/**
 * |dL/dtheta|^2 over the kept weights of the masked network ("gradientNorm@<temperature>"), on examples that no method has
 * scored on but by chance: the context's streams are the caller's to choose.
 */
export async function measureGradients(
  context: ScoreContext,
  masks: Masks,
  { perClass, temperatures }: { readonly perClass: number; readonly temperatures: readonly number[] },
): Promise<Metrics> {
  const examples = drawScoringExamples(context, { perClass })
  const masked = { ...context, weights: maskWeights(context.weights, masks), mask: masks }
  const norms: [string, number][] = []
  for (const temperature of temperatures) {
    const slopes = await lossGradients(masked, { examples, parts: 1, batchNorm: 'train', temperature })
    let sum = 0
    for (const [name, mask] of Object.entries(masks)) {
      const slope = slopes[name]!
      for (let i = 0; i < mask.length; i++) if (mask[i] === 1) sum += slope[i]! ** 2
    }
    norms.push([`gradientNorm@${temperature}`, sum])
  }
  return Object.fromEntries(norms)
}

/** How many of each input's connections are kept in the first layer, which must be dense. */
export function keptInputs(model: Model, masks: Masks): number[] {
  const [first] = prunableParameters(model)
  if (first?.kind !== 'dense') {
    throw new UserError(`Inputs are counted where the first layer is dense, which that of ${model.name} is not.`)
  }
  const [inputs, units] = first.shape as [number, number]
  return Array.from({ length: inputs }, (_, i) => countKept(masks[first.name]!.subarray(i * units, (i + 1) * units)))
}

/** The mean of the training images, by input, in 0..255. */
export function meanImage({ splits: { train } }: ClassificationData): number[] {
  const size = train.images.length / train.count
  const sums = new Array<number>(size).fill(0)
  for (let i = 0; i < train.images.length; i++) sums[i % size]! += train.images[i]!
  return sums.map((sum) => sum / train.count)
}
