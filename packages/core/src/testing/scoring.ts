/** For the tests of scoring methods: the networks and numbers that tools/oracles/small_nets.py has too, and how scores are compared. */
import { denseMasks, type Scores } from '../masks/index.js'
import type { MethodContext, ScoreContext } from '../methods/index.js'
import { type Model, model, prunableParameters } from '../models/index.js'
import { streams } from '../random/index.js'
import { recipe } from '../recipes/index.js'
import { classificationTask } from '../tasks/index.js'
import { patternedData, patternedWeights } from './patterned.js'

type Engine = ScoreContext['engine']

/** Tiny networks of the three kinds: dense, convolutional, residual with batch norm. */
export const smallNets: readonly Model[] = [
  model('lenet-300-100', { inputShape: [6], hidden: [7, 5], classes: 3 }),
  model('conv-2', { inputShape: [6, 6, 1], classes: 3, widthMultiplier: 1 / 16 }),
  model('resnet-8', { inputShape: [8, 8, 2], classes: 3, width: 2 }),
]

/** Patterned weights and images of three classes, nothing masked. */
export const patternedScoreContext = (network: Model, engine: Engine, count = 12): ScoreContext => ({
  model: network,
  task: classificationTask(patternedData(network.inputShape, 3, count)),
  engine,
  streams: streams(1),
  weights: patternedWeights(network),
  mask: denseMasks(network),
})

/** The same images for a method, which draws weights of its own from seed 3. */
export const patternedMethodContext = (network: Model, engine: Engine, count = 12): MethodContext => ({
  model: network,
  task: classificationTask(patternedData(network.inputShape, 3, count)),
  recipe: recipe({ optimizer: { name: 'sgd' }, learningRate: 1, iterations: 1, batchSize: 1 }),
  seed: 3,
  engine,
})

/** Twenty densities from 0.9 down to one weight a layer, evenly in their logarithms; N is all prunable weights. */
export function twentyDensities(network: Model): { readonly densities: readonly number[]; readonly total: number } {
  const total = Object.values(denseMasks(network)).reduce((sum, mask) => sum + mask.length, 0)
  const least = prunableParameters(network).length / total
  return {
    densities: Array.from({ length: 20 }, (_, i) => (i === 19 ? least : 0.9 * (least / 0.9) ** (i / 19))),
    total,
  }
}

/** Scores of another program, divided by their largest magnitude. */
export interface ScoreFixture {
  readonly largest: number
  readonly scores: Readonly<Record<string, readonly number[]>>
}

/**
 * The largest difference of scores from those of a fixture, in units of its largest; Infinity if their names or sizes differ.
 *
 * @param unit the largest score of ours, where scores are known but for a factor
 */
export function scoreError(scores: Scores, { largest, scores: wanted }: ScoreFixture, unit = largest): number {
  const names = Object.keys(wanted)
  const alike = Object.keys(scores).join() === names.join()
  if (!alike || names.some((name) => scores[name]!.length !== wanted[name]!.length)) return Number.POSITIVE_INFINITY
  const errors = names.flatMap((name) => wanted[name]!.map((value, i) => Math.abs(scores[name]![i]! / unit - value)))
  // Comparisons with NaN are false, and so would be a test's.
  return errors.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...errors)
}
