/** Conv-2, Conv-4 and Conv-6 by iterative magnitude pruning, with reinitialised tickets (claims.md 1.a, 1.b; LTH-7 to 9). */
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

export interface ConvNet extends PrunedNetwork {
  /** Rounds at which the ticket's mask is trained from fresh weights. */
  readonly reinitRounds: readonly number[]
}

export interface ConvSettings extends Settings {
  readonly data: Omit<TrainConfigInput['data'], 'dataset'>
  readonly networks: readonly ConvNet[]
}

export type ConvName = 'conv-2' | 'conv-4' | 'conv-6'

/** Adam, 2e-4 for Conv-2 and 3e-4 for the others, batches of 60, validated every 100 iterations. */
const paperRecipe = (name: ConvName, iterations: number): RecipeInput => ({
  optimizer: { name: 'adam' },
  learningRate: name === 'conv-2' ? 2e-4 : 3e-4,
  batchSize: 60,
  iterations,
  evaluateEvery: 100,
})

/** Layer by layer: convolutions 10% a round (Conv-6 15%), dense layers 20%, the output layer 10%. */
const rates = (name: ConvName): PrunedNetwork['rates'] => ({
  scope: 'layerwise',
  conv: name === 'conv-6' ? 0.15 : 0.1,
  dense: 0.2,
  output: 0.1,
})

export const paperNetwork = (name: ConvName, iterations: number): ConvNet => ({
  name,
  recipe: paperRecipe(name, iterations),
  rates: rates(name),
  rounds: roundsUpTo(20),
  reinitRounds: roundsUpTo(20),
})

/** Half of the channels and units. */
export const smallNetwork = (name: ConvName, rounds: readonly number[], reinitRounds: readonly number[]): ConvNet => ({
  name,
  options: { widthMultiplier: 0.5 },
  recipe: paperRecipe(name, 3000),
  rates: rates(name),
  rounds,
  reinitRounds,
})

export const convProfiles: Readonly<Record<'smoke' | 'small' | 'paper', ConvSettings>> = {
  smoke: {
    seeds: 2,
    dataset: datasetOf('synthetic-32x32'),
    data: { validation: 500, train: 500 },
    networks: [
      {
        name: 'conv-2',
        options: { widthMultiplier: 0.0625 },
        recipe: { ...paperRecipe('conv-2', 24), learningRate: 2e-3, evaluateEvery: 8 },
        rates: rates('conv-2'),
        rounds: [7, 14],
        reinitRounds: [14],
      },
    ],
    deviations: [
      'Conv-2 with a sixteenth of its channels and units, 24 iterations at a rate of 2e-3 on 500 made-up images: to see that everything works',
      "seven of the paper's rounds of pruning are taken in one",
    ],
  },
  small: {
    seeds: 3,
    dataset: datasetOf('cifar10-jpeg'),
    data: { validation: 2500, train: 10_000, ...normalisations.cifar10 },
    networks: [smallNetwork('conv-2', [4, 8, 11, 14], [8, 14]), smallNetwork('conv-4', [4, 8, 12], [8, 12])],
    deviations: [
      '10,000 images to train on and 2,500 to validate on instead of 45,000 and 5,000',
      'Conv-2 and Conv-4 with half of their channels and units; no Conv-6',
      '3,000 iterations (18 epochs) instead of 20,000 and 25,000',
      "three or four of the paper's rounds of pruning are taken in one, down to round 14 (Conv-2) and 12 (Conv-4)",
    ],
  },
  paper: {
    seeds: 5,
    dataset: datasetOf('cifar-10'),
    data: { validation: 5000, ...normalisations.cifar10 },
    networks: [paperNetwork('conv-2', 20_000), paperNetwork('conv-4', 25_000), paperNetwork('conv-6', 30_000)],
  },
}

/** All runs of one network and seed: dense, the tickets of every level, and tickets with fresh weights. */
async function planNetwork({ dataset, data }: ConvSettings, network: ConvNet, seed: number): Promise<Cell[]> {
  const { name, options = {}, recipe, rounds, reinitRounds } = network
  const training: Training = { data: { dataset: dataset.name, ...data }, model: { name, options }, recipe }
  const { cells, add } = cellsOf(network, seed)
  const targets = rounds.map((round) => levelTarget(modelOf(network), ratesOf(network), round))
  const levels = iterativeMagnitudePruning(planningLab(training, seed), { strategy: 'iterative', targets, rewindTo: 0 })
  for (const [i, { start, trained }] of levels.entries()) {
    const round = [0, ...rounds][i]!
    await add(round === 0 ? 'dense' : 'ticket', round, trained)
    if (!reinitRounds.includes(round)) continue
    await add('reinit', round, trainStage(training, seed, start, { start: { from: 'reinit' } }))
  }
  return cells
}

export const conv: Experiment<ConvSettings> = {
  name: 'imp-conv',
  title: 'The Lottery Ticket Hypothesis: Conv-2, Conv-4 and Conv-6',
  profiles: convProfiles,
  async plan(settings) {
    const seeds = seedsUpTo(settings.seeds)
    const plans = seeds.flatMap((seed) => settings.networks.map((network) => planNetwork(settings, network, seed)))
    return (await Promise.all(plans)).flat()
  },
}
