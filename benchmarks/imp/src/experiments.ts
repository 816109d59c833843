/** LeNet-300-100 by iterative magnitude pruning, with the paper's controls, at three sizes (claims.md 1.a, 1.b). */
import { model, type RecipeInput } from '@winning-tickets/core'
import {
  type Cell,
  type Experiment,
  type Planned,
  planningLab,
  type Settings,
  seedsUpTo,
  type TrainConfigInput,
  type Training,
  trainStage,
} from '@winning-tickets/harness'
import { impOptions, iterativeMagnitudePruning, levelTarget } from '@winning-tickets/imp'
import { densityAfter } from './densities.js'

export interface LenetSettings extends Settings {
  /** Examples held out for validation: 5,000 of MNIST's 60,000 in the paper. */
  readonly validation: number
  readonly recipe: RecipeInput
  /**
   * The paper's rounds (20%, output layer 10%) after which a ticket is trained; ascending. Where a number is left out,
   * its round is taken together with the next: a stated deviation of the profiles below `paper`.
   */
  readonly rounds: readonly number[]
  /** Rounds at which controls with fresh draws of mask and weights are trained. */
  readonly randomRounds: readonly number[]
  /** Rounds at which tickets with noise on their initial weights are trained. */
  readonly noiseRounds: readonly number[]
}

/** Of the initial standard deviation of a layer (App. F of the paper). */
export const NOISE = [0.5, 3] as const

/** LeNet's recipe in the paper: Adam 1.2e-3, batches of 60, validation every 100 iterations. */
const paperRecipe = {
  optimizer: { name: 'adam' },
  learningRate: 1.2e-3,
  batchSize: 60,
  iterations: 50_000,
  evaluateEvery: 100,
} as const satisfies RecipeInput

const rounds = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

export const profiles: Readonly<Record<'smoke' | 'small' | 'paper', LenetSettings>> = {
  smoke: {
    seeds: 3,
    dataset: { name: 'fashion-mnist-extract', note: 'class-balanced extract of Fashion-MNIST, 6,000 + 1,000 images' },
    validation: 1000,
    // 500 iterations are 6 epochs of the extract; validated often, for the minimum comes early.
    recipe: { ...paperRecipe, iterations: 500, evaluateEvery: 20 },
    deviations: [
      '500 iterations on 5,000 images of the extract instead of 50,000 on 55,000 of MNIST, validated every 20',
      "two or three of the paper's rounds of pruning are taken in one, down to 3.6% of the weights",
      'sparse networks are still improving when training ends, so their early-stop iterations are cut off there',
    ],
    rounds: [3, 5, 7, 9, 11, 13, 15],
    randomRounds: [9, 11, 13, 15],
    noiseRounds: [7, 11, 15],
  },
  small: {
    seeds: 5,
    dataset: { name: 'fashion-mnist' },
    validation: 5000,
    recipe: { ...paperRecipe, iterations: 6000 },
    deviations: [
      'Fashion-MNIST instead of MNIST, and 6,000 iterations instead of 50,000',
      "below 51% some of the paper's rounds of pruning are taken two in one, down to 3.6% of the weights",
      'dense, reinitialised and random networks are still improving when training ends, so their early-stop iterations are cut off there and ratios between arms are nearer to 1 than they would be',
    ],
    rounds: [1, 2, 3, 5, 7, 8, 9, 10, 11, 13, 15],
    randomRounds: [8, 9, 10, 11, 13, 15],
    noiseRounds: [7, 11, 15],
  },
  paper: {
    seeds: 5,
    dataset: { name: 'mnist' },
    validation: 5000,
    recipe: paperRecipe,
    rounds: rounds(20),
    randomRounds: rounds(20).slice(7),
    noiseRounds: [7, 11, 15],
  },
}

const network = model('lenet-300-100')
const { rates } = impOptions({ rounds: 1 })

/** The density a round leaves: (1 - rate)^round in each layer, rounded to whole weights, over all of them. */
export const densityAt = (round: number): number => densityAfter(network, rates, round)

/** All runs of one seed: the dense network, tickets of both strategies, and the controls. */
async function planSeed(settings: LenetSettings, seed: number): Promise<Cell[]> {
  const ladder = [0, ...settings.rounds]
  const targets = settings.rounds.map((round) => levelTarget(network, rates, round))
  const training: Training = {
    data: { dataset: settings.dataset.name, validation: settings.validation },
    model: { name: 'lenet-300-100' },
    recipe: settings.recipe,
  }
  const lab = planningLab(training, seed)
  const iterative = iterativeMagnitudePruning(lab, { strategy: 'iterative', targets, rewindTo: 0 })
  const oneShot = iterativeMagnitudePruning(lab, { strategy: 'one-shot', targets, rewindTo: 0 })

  const cells: Cell[] = []
  async function add(arm: string, round: number, stage: Planned): Promise<void> {
    const density = densityAt(round)
    const label = `${arm} ${(100 * density).toFixed(1)}%, seed ${seed}`
    cells.push({ arm, level: round, density, seed, stage: { ...(await stage), label } })
  }
  for (const [i, { start, trained }] of iterative.entries()) {
    const round = ladder[i]!
    await add(round === 0 ? 'dense' : 'ticket', round, trained)
    if (round === 0) continue
    const control = (start_: TrainConfigInput['start']) => trainStage(training, seed, start, { start: start_ })
    await add('reinit', round, control({ from: 'reinit' }))
    await add('one-shot', round, oneShot[i]!.trained)
    if (settings.randomRounds.includes(round)) await add('random', round, control({ from: 'random' }))
    if (!settings.noiseRounds.includes(round)) continue
    for (const scale of NOISE) await add(`noise ${scale} sigma`, round, control({ from: 'noise', scale }))
  }
  return cells
}

export const lenet: Experiment<LenetSettings> = {
  name: 'imp',
  title: 'The Lottery Ticket Hypothesis: LeNet-300-100',
  profiles,
  async plan(settings) {
    const seeds = seedsUpTo(settings.seeds)
    return (await Promise.all(seeds.map((seed) => planSeed(settings, seed)))).flat()
  },
}
