/** Rewinding to iteration k of the dense network instead of its initialisation (claims.md 1.e; RW-1 to RW-3). */
import { normalisations, type RecipeInput } from '@winning-tickets/core'
import {
  type Cell,
  datasetOf,
  type Experiment,
  planningLab,
  type Settings,
  seedsUpTo,
  type TrainConfigInput,
  type Training,
  trainStage,
} from '@winning-tickets/harness'
import { iterativeMagnitudePruning, levelTarget } from '@winning-tickets/imp'
import { cellsOf, modelOf, type PrunedNetwork, ratesOf, roundsUpTo } from './ladder.js'

export interface RewindSettings extends Settings {
  readonly data: Omit<TrainConfigInput['data'], 'dataset'>
  readonly networks: readonly PrunedNetwork[]
  /** Rewind points in percent of training, ascending from 0, which is initialisation. */
  readonly points: readonly number[]
  /**
   * Percent of training whose weights the dense network keeps though no ticket starts from them. What a run keeps is part of
   * its id: copies that part later can be added to lmc without running all of this again.
   */
  readonly alsoKeptAt?: readonly number[]
}

/** The iteration that is so many percent of training. */
export const iterationAt = (percent: number, { recipe: { iterations } }: PrunedNetwork): number =>
  Math.round((percent / 100) * iterations)

/** The iterations whose weights the dense network keeps. */
export const keptAt = (
  network: PrunedNetwork,
  { points, alsoKeptAt = [] }: Pick<RewindSettings, 'points' | 'alsoKeptAt'>,
): number[] =>
  [...points, ...alsoKeptAt].filter((percent) => percent > 0).map((percent) => iterationAt(percent, network))

/** The arm of a rewind point, without its network: "rewind 3%". */
export const rewindArm = (percent: number): string => `rewind ${percent}%`
/** Fresh weights under the last mask of a rewind point's ladder. */
export const reinitArm = (percent: number): string => `reinit ${percent}%`

/** SGD with momentum and weight decay, 0.1, then a tenth and a hundredth of it, without warm-up (claims.md 1.b). */
export const sgdRecipe = (iterations: number, at: number[], batchSize: number): RecipeInput => ({
  optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
  learningRate: 0.1,
  schedule: { name: 'steps', at },
  iterations,
  batchSize,
  evaluateEvery: 1000,
})

/** Global ranking of the convolutions, 20% a round; neither projections on shortcuts nor the output layer (claims.md 1.a). */
export const pruning = { rates: { scope: 'global', rate: 0.2 } } as const
export const options = { initialisation: 'glorot', prunable: 'convolutions' } as const

/** Iterations of an epoch of 10,000 images in batches of 128; what is left over goes into no batch. */
export const EPOCH = 78

export const rewindProfiles: Readonly<Record<'smoke' | 'small' | 'paper', RewindSettings>> = {
  smoke: {
    seeds: 2,
    dataset: datasetOf('synthetic-32x32'),
    data: { validation: 500, train: 500, augment: {} },
    networks: [
      {
        name: 'resnet-8',
        options: { ...options, width: 2 },
        recipe: { ...sgdRecipe(20, [14, 17], 50), evaluateEvery: 20 },
        ...pruning,
        rounds: [8],
      },
    ],
    points: [0, 5, 20],
    deviations: [
      'ResNet-8 of width 2 instead of ResNet-20 and VGG-19, 20 iterations on 500 made-up images: to see that everything works',
      "eight of the paper's rounds of pruning are taken in one",
    ],
  },
  small: {
    seeds: 5,
    dataset: datasetOf('cifar10-jpeg'),
    data: { validation: 2500, train: 10_000, ...normalisations.cifar10, augment: {} },
    networks: [
      {
        name: 'resnet-8',
        options,
        recipe: { ...sgdRecipe(20 * EPOCH, [14 * EPOCH, 17 * EPOCH], 128), evaluateEvery: 5 * EPOCH },
        ...pruning,
        rounds: [2, 4, 6, 8],
      },
    ],
    points: [0, 1, 3, 10],
    alsoKeptAt: [30, 50],
    deviations: [
      '10,000 images to train on and 2,500 to validate on instead of 45,000 and 5,000',
      'ResNet-8 instead of ResNet-20 and VGG-19, 20 epochs with drops of the rate after 14 and 17',
      "two of the paper's rounds of pruning are taken in one: 36% of the weights that are left, down to 16.8%",
      'validated every 5 epochs, so early-stop iterations are coarse',
    ],
  },
  paper: {
    seeds: 5,
    dataset: datasetOf('cifar-10'),
    data: { validation: 5000, ...normalisations.cifar10, augment: {} },
    networks: [
      {
        name: 'resnet-20',
        options,
        recipe: sgdRecipe(30_000, [20_000, 25_000], 128),
        ...pruning,
        rounds: roundsUpTo(8),
      },
      // 160 epochs of 703 iterations, with drops after 80 and 120.
      {
        name: 'vgg-19',
        options,
        recipe: sgdRecipe(112_480, [56_240, 84_360], 64),
        ...pruning,
        rounds: roundsUpTo(8),
      },
    ],
    points: [0, 0.5, 1, 3, 7, 15],
  },
}

/** All runs of one network and seed: dense once, a ladder of tickets for each rewind point, and fresh weights under its last mask. */
async function planNetwork(settings: RewindSettings, network: PrunedNetwork, seed: number): Promise<Cell[]> {
  const { name, options = {}, recipe, rounds } = network
  const { dataset, data, points } = settings
  const training: Training = { data: { dataset: dataset.name, ...data }, model: { name, options }, recipe }
  const { cells, add } = cellsOf(network, seed)
  const targets = rounds.map((round) => levelTarget(modelOf(network), ratesOf(network), round))
  const lab = planningLab(training, seed, keptAt(network, settings))
  const last = rounds.at(-1)!
  for (const percent of points) {
    const rewindTo = iterationAt(percent, network)
    const levels = iterativeMagnitudePruning(lab, { strategy: 'iterative', targets, rewindTo })
    if (percent === points[0]) await add('dense', 0, levels[0]!.trained)
    for (const [i, { trained }] of levels.slice(1).entries()) await add(rewindArm(percent), rounds[i]!, trained)
    // Kept, since lmc copies it from there.
    const keepAt = rewindTo > 0 ? [rewindTo] : []
    const control = trainStage(training, seed, levels.at(-1)!.start, { start: { from: 'reinit' }, keepAt })
    await add(reinitArm(percent), last, control)
  }
  return cells
}

export const rewind: Experiment<RewindSettings> = {
  name: 'imp-rewind',
  title: 'Rewinding: the lottery ticket hypothesis on deeper networks',
  profiles: rewindProfiles,
  async plan(settings) {
    const seeds = seedsUpTo(settings.seeds)
    const plans = seeds.flatMap((seed) => settings.networks.map((network) => planNetwork(settings, network, seed)))
    return (await Promise.all(plans)).flat()
  },
}
