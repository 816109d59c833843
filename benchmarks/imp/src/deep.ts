/** VGG-19 and ResNet-20 ("Resnet-18") at a high rate, a low one, and with warm-up (claims.md 1.a, 1.b; LTH-11 to 13). */
import type { RecipeInput } from '@winning-tickets/core'
import {
  type Cell,
  type Experiment,
  planningLab,
  type Settings,
  type TrainConfigInput,
  type Training,
  trainStage,
} from '@winning-tickets/harness'
import { iterativeMagnitudePruning, levelTarget } from '@winning-tickets/imp'
import { cellsOf, modelOf, type PrunedNetwork, ratesOf, roundsUpTo, seedsUpTo } from './ladder.js'
import { EPOCH, keptAt, options, pruning, type RewindSettings, rewindProfiles, sgdRecipe } from './rewind.js'

/** How the rate of learning is chosen; arms begin with it, as in "vgg-19 at 0.01: ticket". */
export const RATES = ['at 0.1', 'at 0.01', 'warm-up'] as const
export type Rate = (typeof RATES)[number]

/** The arms of a rate: layerwise is a ticket whose ladder of masks ranks each layer by itself. */
export type DeepArm = 'dense' | 'ticket' | 'reinit' | 'layerwise'
/** An arm without its network. */
export const deepArm = (rate: Rate, arm: DeepArm): string => `${rate}: ${arm}`

/** A dense network at one rate, and the rounds after which its tickets are trained. */
export interface Ladder {
  readonly rate: Rate
  readonly recipe: RecipeInput
  /** Of tickets ranked globally. */
  readonly rounds: readonly number[]
  /** Rounds at which the ticket's mask is trained from fresh weights. */
  readonly reinitRounds: readonly number[]
  /** Of tickets ranked layer by layer. */
  readonly layerwiseRounds: readonly number[]
  /** Iterations that the dense network keeps although nothing here asks for them: so imp-rewind has the same run. */
  readonly keepAt: readonly number[]
}

export interface DeepNetwork extends Pick<PrunedNetwork, 'name' | 'options'> {
  readonly ladders: readonly Ladder[]
}

export interface DeepSettings extends Settings {
  readonly data: Omit<TrainConfigInput['data'], 'dataset'>
  readonly networks: readonly DeepNetwork[]
}

/** 20% of the convolutions' weights a round, of each layer alike. */
const layerwise = { scope: 'layerwise', conv: pruning.rates.rate } as const

/** The rate of the recipe with warm-up, and the iterations over which it rises linearly from 0. */
interface Warmup {
  readonly learningRate: number
  readonly warmup: number
}

interface Others extends Partial<Pick<Ladder, 'rounds' | 'layerwiseRounds'>> {
  readonly evaluateEvery?: number
}

/**
 * The three rates of a network.
 *
 * @param others how the ladders at 0.01 and with warm-up differ from the one at 0.1; only that with warm-up has layers ranked
 */
function laddersOf(
  high: Omit<Ladder, 'rate' | 'layerwiseRounds'>,
  warmup: Warmup,
  { rounds = high.rounds, layerwiseRounds = [], evaluateEvery = high.recipe.evaluateEvery }: Others = {},
): Ladder[] {
  const other = { ...high, rounds, keepAt: [], layerwiseRounds: [] }
  const recipe = { ...high.recipe, evaluateEvery }
  return [
    { ...high, rate: 'at 0.1', layerwiseRounds: [] },
    { ...other, rate: 'at 0.01', recipe: { ...recipe, learningRate: 0.01 } },
    { ...other, rate: 'warm-up', recipe: { ...recipe, ...warmup }, layerwiseRounds },
  ]
}

/** What imp-rewind does with a network, whose ladder from initialisation is that of the rate 0.1: its stages are shared. */
function rewound(settings: RewindSettings, name: PrunedNetwork['name']) {
  const network = settings.networks.find((other) => other.name === name)!
  const { recipe, rounds } = network
  return { recipe, rounds, reinitRounds: rounds.slice(-1), keepAt: keptAt(network, settings) }
}

const { smoke, small, paper } = rewindProfiles
const sharedBy = ({ dataset, data }: RewindSettings) => ({ dataset, data })
const everyRound = { rounds: roundsUpTo(20), reinitRounds: roundsUpTo(20) }
/** The rates that warm-up leads to: ResNet's ends where the rate first drops, VGG's in the first tenth of training. */
const RESNET_WARMUP = 0.03
const VGG_WARMUP = 0.1

const smokeVgg = { ...sgdRecipe(20, [10, 15], 50), evaluateEvery: 20 }
const smallVgg = { ...sgdRecipe(20 * EPOCH, [10 * EPOCH, 15 * EPOCH], 128), evaluateEvery: 5 * EPOCH }
const steps = { rounds: [5, 10], reinitRounds: [10] }

export const deepProfiles: Readonly<Record<'smoke' | 'small' | 'paper', DeepSettings>> = {
  smoke: {
    seeds: 2,
    ...sharedBy(smoke),
    networks: [
      {
        name: 'vgg-11',
        options: { ...options, widthMultiplier: 1 / 32 },
        ladders: laddersOf(
          { recipe: smokeVgg, rounds: [10], reinitRounds: [10], keepAt: [] },
          { learningRate: VGG_WARMUP, warmup: 2 },
          { layerwiseRounds: [10] },
        ),
      },
      {
        name: 'resnet-8',
        options: { ...options, width: 2 },
        ladders: laddersOf(rewound(smoke, 'resnet-8'), { learningRate: RESNET_WARMUP, warmup: 14 }),
      },
    ],
    deviations: [
      'VGG-11 with a thirty-second of its channels and ResNet-8 of width 2, 20 iterations on 500 made-up images: to see that everything works',
      "ten of the paper's rounds of pruning are taken in one, eight for ResNet",
    ],
  },
  small: {
    seeds: 3,
    ...sharedBy(small),
    networks: [
      {
        name: 'vgg-11',
        options: { ...options, widthMultiplier: 0.25 },
        ladders: laddersOf(
          { recipe: smallVgg, ...steps, keepAt: [] },
          // 10,000 of 112,480 iterations in the paper.
          { learningRate: VGG_WARMUP, warmup: 139 },
          { layerwiseRounds: steps.rounds },
        ),
      },
      {
        name: 'resnet-8',
        options,
        ladders: laddersOf(
          rewound(small, 'resnet-8'),
          { learningRate: RESNET_WARMUP, warmup: 14 * EPOCH },
          { rounds: [4, 8], evaluateEvery: 5 * EPOCH },
        ),
      },
    ],
    deviations: [
      '10,000 images to train on and 2,500 to validate on instead of 45,000 and 5,000',
      'VGG-11 with a quarter of its channels instead of VGG-19, 20 epochs in batches of 128 with drops of the rate after 10 and 15, warm-up over 139 iterations',
      'ResNet-8 instead of ResNet-20, 20 epochs with drops of the rate after 14 and 17, warm-up over the first 14',
      "five of the paper's rounds of pruning are taken in one (VGG-11, down to 10.7%), four (ResNet-8 at 0.01 and with warm-up, down to 16.8%) or two (ResNet-8 at 0.1, whose runs are those of imp-rewind)",
    ],
  },
  paper: {
    seeds: 5,
    ...sharedBy(paper),
    networks: [
      {
        name: 'vgg-19',
        options,
        ladders: laddersOf(
          { ...rewound(paper, 'vgg-19'), ...everyRound },
          { learningRate: VGG_WARMUP, warmup: 10_000 },
          { layerwiseRounds: everyRound.rounds },
        ),
      },
      {
        name: 'resnet-20',
        options,
        ladders: laddersOf(
          { ...rewound(paper, 'resnet-20'), ...everyRound },
          { learningRate: RESNET_WARMUP, warmup: 20_000 },
          { layerwiseRounds: everyRound.rounds },
        ),
      },
    ],
  },
}

/** The network as a ladder prunes it. */
export const prunedBy = (
  { name, options }: DeepNetwork,
  { recipe, rounds }: Ladder,
  rates: PrunedNetwork['rates'] = pruning.rates,
): PrunedNetwork => ({ name, ...(options && { options }), recipe, rounds, rates })

/** All runs of one network, rate and seed: dense, tickets of both rankings, and fresh weights under the global masks. */
async function planLadder({ dataset, data }: DeepSettings, network: DeepNetwork, ladder: Ladder, seed: number) {
  const { name, options = {} } = network
  const { rate, recipe, rounds, reinitRounds, layerwiseRounds, keepAt } = ladder
  const training: Training = { data: { dataset: dataset.name, ...data }, model: { name, options }, recipe }
  const lab = planningLab(training, seed, keepAt)
  const levelsOf = (pruned: PrunedNetwork, at: readonly number[]) => {
    const targets = at.map((round) => levelTarget(modelOf(pruned), ratesOf(pruned), round))
    return iterativeMagnitudePruning(lab, { strategy: 'iterative', targets, rewindTo: 0 })
  }

  const ranked = prunedBy(network, ladder)
  const { cells, add } = cellsOf(ranked, seed)
  for (const [i, { start, trained }] of levelsOf(ranked, rounds).entries()) {
    const round = [0, ...rounds][i]!
    await add(deepArm(rate, round === 0 ? 'dense' : 'ticket'), round, trained)
    if (!reinitRounds.includes(round)) continue
    await add(deepArm(rate, 'reinit'), round, trainStage(training, seed, start, { start: { from: 'reinit' } }))
  }
  if (layerwiseRounds.length === 0) return cells
  const byLayer = prunedBy(network, ladder, layerwise)
  const more = cellsOf(byLayer, seed)
  for (const [i, { trained }] of levelsOf(byLayer, layerwiseRounds).slice(1).entries()) {
    await more.add(deepArm(rate, 'layerwise'), layerwiseRounds[i]!, trained)
  }
  return [...cells, ...more.cells]
}

export const deep: Experiment<DeepSettings> = {
  name: 'imp-deep',
  title: 'The Lottery Ticket Hypothesis: VGG and ResNet, rates of learning and rankings',
  profiles: deepProfiles,
  async plan(settings) {
    const plans = seedsUpTo(settings.seeds).flatMap((seed) =>
      settings.networks.flatMap((network) =>
        network.ladders.map((ladder): Promise<Cell[]> => planLadder(settings, network, ladder, seed)),
      ),
    )
    return (await Promise.all(plans)).flat()
  },
}
