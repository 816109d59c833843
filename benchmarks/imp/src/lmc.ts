/** Linear mode connectivity: how far apart two copies of a network land whose data came in another order (claims.md 1.f). */
import { normalisations, type RecipeInput } from '@winning-tickets/core'
import {
  type BarrierConfigInput,
  barrierKind,
  type Cell,
  createStage,
  datasetOf,
  type Experiment,
  type Planned,
  planningLab,
  type Settings,
  type Stage,
  seedsUpTo,
  type TrainConfigInput,
  type Training,
  trainStage,
} from '@winning-tickets/harness'
import { iterativeMagnitudePruning, levelTarget } from '@winning-tickets/imp'
import { cellsOf, modelOf, type PrunedNetwork, ratesOf, roundsUpTo } from './ladder.js'
import { iterationAt, keptAt, type RewindSettings, rewindProfiles } from './rewind.js'

export interface ConnectedNetwork extends PrunedNetwork, Pick<RewindSettings, 'points' | 'alsoKeptAt'> {
  readonly data: TrainConfigInput['data']
  /** Rounds whose tickets are copied. */
  readonly copyRounds: readonly number[]
  /** Points at which a random and a reinitialised subnetwork of the last copied round are copied. */
  readonly controlPoints: readonly number[]
  /** How lines between copies are walked. */
  readonly line: Pick<BarrierConfigInput, 'points' | 'statistics' | 'examples'>
}

export interface ConnectivitySettings extends Settings {
  readonly networks: readonly ConnectedNetwork[]
}

/** Arms of a point, without their network: "ticket 3%" is a run, "ticket barrier 3%" the line between it and its copy. */
export const runArm = (what: string, percent: number): string => `${what} ${percent}%`
export const barrierArm = (what: string, percent: number): string => `${what} barrier ${percent}%`

/** The root seed of the second copy's data order and augmentation: no run's own. */
const copyOrder = (seed: number): number => 1000 + seed

/** A network of the rewinding experiment with its data: the runs that both experiments plan are the same. */
function rewound({ dataset, data, networks, points, alsoKeptAt }: RewindSettings, name: string) {
  const network = networks.find((candidate) => candidate.name === name)
  if (network === undefined) throw new Error(`The rewinding experiment has no ${name}.`)
  return { ...network, data: { dataset: dataset.name, ...data }, points, ...(alsoKeptAt && { alsoKeptAt }) }
}

const lenetRates = { scope: 'layerwise', dense: 0.2 } as const
const lenetRecipe = (iterations: number): RecipeInput => ({
  optimizer: { name: 'adam' },
  learningRate: 1.2e-3,
  batchSize: 60,
  iterations,
  evaluateEvery: Math.min(1000, iterations),
})

/** A rate of 0.1 without warm-up, then a tenth and a hundredth of it. */
const sgd = (iterations: number, at: number[]): RecipeInput => ({
  optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
  learningRate: 0.1,
  schedule: { name: 'steps', at },
  iterations,
  batchSize: 128,
  evaluateEvery: 1000,
})

export const connectivityProfiles: Readonly<Record<'smoke' | 'small' | 'paper', ConnectivitySettings>> = {
  smoke: {
    seeds: 2,
    dataset: datasetOf('synthetic-32x32'),
    networks: [
      {
        name: 'lenet-300-100',
        options: { hidden: [20, 10] },
        data: { dataset: 'fashion-mnist-extract', validation: 1000 },
        recipe: lenetRecipe(60),
        rates: lenetRates,
        rounds: [],
        points: [0],
        copyRounds: [],
        controlPoints: [],
        line: { points: 1, statistics: { batchSize: 60, batches: 1 }, examples: { train: 1000, test: 1000 } },
      },
      {
        ...rewound(rewindProfiles.smoke, 'resnet-8'),
        options: { width: 2 },
        data: { dataset: 'synthetic-32x32', validation: 200, train: 200, augment: {} },
        recipe: { ...sgd(10, [7, 9]), batchSize: 20, evaluateEvery: 10 },
        points: [0, 10],
        copyRounds: [8],
        controlPoints: [10],
        line: { points: 1, statistics: { batchSize: 20, batches: 2 }, examples: { train: 100, test: 500 } },
      },
    ],
    deviations: [
      'narrow networks and a few iterations on made-up images, one point of a line instead of 30: to see that everything works',
      'LeNet is trained on an extract of Fashion-MNIST instead of MNIST',
      "eight of the paper's rounds of pruning are taken in one",
    ],
  },
  small: {
    seeds: 3,
    dataset: datasetOf('cifar10-jpeg'),
    networks: [
      {
        name: 'lenet-300-100',
        data: { dataset: 'mnist', validation: 5000 },
        recipe: lenetRecipe(6000),
        rates: lenetRates,
        rounds: [],
        points: [0],
        copyRounds: [],
        controlPoints: [],
        line: { statistics: { batchSize: 60, batches: 1 } },
      },
      {
        ...rewound(rewindProfiles.small, 'resnet-8'),
        copyRounds: [8],
        controlPoints: [10],
        line: { statistics: { batchSize: 128, batches: 10 }, examples: { train: 1000, test: 4000 } },
      },
    ],
    deviations: [
      '10,000 images to train on and 2,500 to validate on instead of 45,000 and 5,000',
      'ResNet-8 instead of ResNet-20 and VGG-16, 20 epochs with drops of the rate after 14 and 17; LeNet, on MNIST, 6,000 iterations instead of 24,000',
      "two of the paper's rounds of pruning are taken in one: 36% of the weights that are left, down to 16.8%, the one density at which tickets are copied",
      'initialised and pruned as in the rewinding experiment: Gaussian Glorot, scales of batch norm at 1, convolutions only',
      'one pair of copies a seed; errors along a line are of the first 4,000 test and 1,000 training images',
      'random and reinitialised subnetworks are copied at 10% of training only',
    ],
  },
  paper: {
    seeds: 3,
    dataset: datasetOf('cifar-10'),
    networks: [
      {
        name: 'lenet-300-100',
        data: { dataset: 'mnist', validation: 5000 },
        recipe: lenetRecipe(24_000),
        rates: lenetRates,
        rounds: roundsUpTo(15),
        points: [0, 1, 10],
        copyRounds: [3, 8, 15],
        controlPoints: [0],
        line: { statistics: { batchSize: 60, batches: 1 } },
      },
      { ...imageNetwork('resnet-20', 8), copyRounds: [1, 3, 5, 8] },
      { ...imageNetwork('vgg-16', 19), copyRounds: [3, 8, 12, 19] },
    ],
    deviations: [
      'one pair of copies for each of three initialisations instead of three',
      'training error along a line is of the first 10,000 images',
    ],
  },
}

/** The networks that claims.md 1.f names, at the rate of 0.1 in batches of 128, pruned 20% a round over all kernels. */
function imageNetwork(name: 'resnet-20' | 'vgg-16', rounds: number): Omit<ConnectedNetwork, 'copyRounds'> {
  const iterations = 63_000
  return {
    name,
    options: { batchNormScale: 'uniform' },
    data: { dataset: 'cifar-10', validation: 5000, ...normalisations.cifar10, augment: {} },
    recipe: sgd(iterations, [iterations / 2, (3 * iterations) / 4]),
    rates: { scope: 'global', rate: 0.2 },
    rounds: roundsUpTo(rounds),
    points: [0, 0.4, 0.8, 1.6, 3, 5, 10],
    controlPoints: [0, 0.8, 3],
    line: { statistics: { batchSize: 128, batches: 50 }, examples: { train: 10_000, test: 10_000 } },
  }
}

/** All runs of one network and seed, each that is copied with its copy, and the lines between the two. */
async function planNetwork(network: ConnectedNetwork, seed: number): Promise<Cell[]> {
  const { name, options = {}, data, recipe, rounds, points, copyRounds, controlPoints, line } = network
  const training: Training = { data, model: { name, options }, recipe }
  const { cells, add } = cellsOf(network, seed)
  const lab = planningLab(training, seed, keptAt(network, network))
  const other = { orderSeed: copyOrder(seed) }
  const between = async (first: Planned, second: Planned): Promise<Stage> => {
    const config = { data, model: training.model, ...line, seed }
    return createStage(barrierKind, config, { inputs: { first: await first, second: await second } })
  }

  const targets = rounds.map((round) => levelTarget(modelOf(network), ratesOf(network), round))
  for (const percent of points) {
    const rewindTo = iterationAt(percent, network)
    const levels = iterativeMagnitudePruning(lab, { strategy: 'iterative', targets, rewindTo })
    const dense = levels[0]!
    const from = rewindTo === 0 ? ('init' as const) : { rewindTo, trained: dense.trained }
    // Copies that part later both start with fresh momentum, as tickets do; the run that they come from does not.
    const first = rewindTo === 0 ? dense.trained : trainStage(training, seed, { from })
    if (percent === points[0]) await add('dense', 0, dense.trained)
    await add(barrierArm('dense', percent), 0, between(first, trainStage(training, seed, { from }, other)))

    for (const round of copyRounds) {
      const { start, trained } = levels[rounds.indexOf(round) + 1]!
      await add(runArm('ticket', percent), round, trained)
      await add(barrierArm('ticket', percent), round, between(trained, trainStage(training, seed, start, other)))
    }
    const round = copyRounds.at(-1)
    if (round === undefined || !controlPoints.includes(percent)) continue
    const { start } = levels[rounds.indexOf(round) + 1]!
    for (const [control, copies] of Object.entries(controlsOf(training, seed, start, rewindTo))) {
      await add(runArm(control, percent), round, copies(undefined))
      await add(barrierArm(control, percent), round, between(copies(undefined), copies(other)))
    }
  }
  return cells
}

type Copies = (order: { readonly orderSeed: number } | undefined) => Planned

/**
 * Subnetworks as sparse as a ticket, copied at the same iteration: `random` has the dense network's weights of that
 * iteration under the mask shuffled within each layer (a fresh draw at initialisation), `reinit` the ticket's mask over
 * fresh weights, trained under it until then.
 */
function controlsOf(
  training: Training,
  seed: number,
  start: Parameters<typeof trainStage>[2],
  step: number,
): Readonly<Record<'random' | 'reinit', Copies>> {
  if (step === 0) {
    return {
      random: (order) => trainStage(training, seed, start, { ...order, start: { from: 'random' } }),
      reinit: (order) => trainStage(training, seed, start, { ...order, start: { from: 'reinit' } }),
    }
  }
  const { mask } = start
  const fresh = trainStage(training, seed, start, { start: { from: 'reinit' }, keepAt: [step] })
  return {
    random: (order) => trainStage(training, seed, start, { ...order, start: { from: 'rewind', step, shuffled: 0 } }),
    reinit: (order) => trainStage(training, seed, { mask, from: { rewindTo: step, trained: fresh } }, { ...order }),
  }
}

export const connectivity: Experiment<ConnectivitySettings> = {
  name: 'lmc',
  title: 'Linear mode connectivity and the lottery ticket hypothesis',
  profiles: connectivityProfiles,
  async plan(settings) {
    const seeds = seedsUpTo(settings.seeds)
    const plans = seeds.flatMap((seed) => settings.networks.map((network) => planNetwork(network, seed)))
    return (await Promise.all(plans)).flat()
  },
}
