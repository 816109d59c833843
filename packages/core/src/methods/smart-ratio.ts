/** Smart ratios (Su et al. 2020; claims.md 8.2): random masks whose layers keep shares that a formula gives, without data. */
import { z } from 'zod'
import { UserError } from '../errors.js'
import { keptCount } from '../masks/index.js'
import { type Model, prunableParameters, sizeOf } from '../models/index.js'
import { within } from '../random/index.js'
import { scoringOptions } from './options.js'
import { randomScores } from './random.js'
import { scoringMethod } from './scoring.js'

const options = z.strictObject({
  ...scoringOptions(1),
  rounds: z.literal(1).default(1),
  /** The formula says how much each layer keeps. */
  scope: z.literal('layerwise').default('layerwise'),
  /** The weight of layer l of L: (L-l+1)^2 + (L-l+1), for VGG divided by l^2; auto: by the model's name. */
  decay: z.enum(['auto', 'plain', 'vgg']).default('auto'),
  /** What dense layers keep, if there are convolutions. */
  dense: z.number().gt(0).max(1).default(0.3),
  replicate: z.int().min(0).default(0),
})
type SmartRatioOptions = z.output<typeof options>

export const smartRatio = scoringMethod({
  name: 'smart-ratio',
  options,
  score: async ({ model, streams }, { replicate }) => ({
    scores: randomScores(model, within(streams, `mask/smart-ratio/${replicate}`)),
  }),
  target(model, density, given) {
    const counts = smartRatioCounts(model, density, given)
    const densities = prunableParameters(model).map(({ name, shape }) => [name, counts[name]! / sizeOf(shape)])
    return { scope: 'layerwise', densities: Object.fromEntries(densities) }
  },
})

interface Layer {
  readonly name: string
  readonly size: number
  /** Proportional to the share of its weights that it keeps. */
  readonly weight: number
}

/**
 * Weights to keep of each prunable parameter; they sum up to K. Two cases that the paper has not: a network without
 * convolutions follows the formula in its dense layers, and dense layers keep no more than half of K while convolutions have room.
 */
export function smartRatioCounts(
  model: Model,
  density: number,
  { decay, dense }: Pick<SmartRatioOptions, 'decay' | 'dense'> = { decay: 'auto', dense: 0.3 },
): Record<string, number> {
  const parameters = prunableParameters(model)
  if (parameters.some(({ role }) => role !== 'kernel')) {
    throw new UserError('Smart ratios are of kernels; use the prunable policy "kernels" or "convolutions".')
  }
  const divided = decay === 'vgg' || (decay === 'auto' && model.name.startsWith('vgg'))
  const layers = parameters.map(({ name, shape, kind }, i) => {
    const left = parameters.length - i
    const weight = (left * left + left) / (divided ? (i + 1) ** 2 : 1)
    return { name, size: sizeOf(shape), kind, weight }
  })
  const convolutions = layers.filter(({ kind }) => kind === 'conv')
  const total = sumOf(layers, ({ size }) => size)
  const k = keptCount(density, total)
  if (convolutions.length === 0) return shared(layers, k)

  const others = layers.filter(({ kind }) => kind !== 'conv')
  const size = sumOf(others, (layer) => layer.size)
  const wanted = Math.min(Math.round(size * dense), Math.floor(k / 2))
  const fixed = Math.max(wanted, k - (total - size))
  return {
    ...shared(convolutions, k - fixed),
    ...shared(
      others.map((layer) => ({ ...layer, weight: 1 })),
      fixed,
    ),
  }
}

/** Divides k by weight times size; what a full layer cannot hold goes to the next ones, at the end to those before. */
function shared(layers: readonly Layer[], k: number): Record<string, number> {
  const unit = k / sumOf(layers, ({ weight, size }) => weight * size)
  const kept = layers.map(() => 0)
  let carried = 0
  const fill = (i: number, more: number): void => {
    const taken = Math.min(layers[i]!.size - kept[i]!, Math.floor(more + carried + 1e-9))
    carried += more - taken
    kept[i]! += taken
  }
  for (const [i, { weight, size }] of layers.entries()) fill(i, unit * weight * size)
  carried = k - kept.reduce((sum, count) => sum + count, 0)
  for (let i = layers.length - 1; i >= 0 && carried > 0; i--) fill(i, 0)
  return Object.fromEntries(layers.map(({ name }, i) => [name, kept[i]!]))
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0)
}
