/** A deep network at several rates of learning (claims.md 1.a, 1.b): what `imp-vgg`, `imp-resnet` and `imp-ranking` share. */
import type { RecipeInput } from '@winning-tickets/core'
import {
  type Cell,
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
import { keptAt, pruning, type RewindSettings } from './rewind.js'

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
  readonly network: DeepNetwork
}

export type DeepProfiles = Readonly<Record<'smoke' | 'small' | 'paper', DeepSettings>>

/** 20% of the convolutions' weights a round, of each layer alike. */
const layerwise = { scope: 'layerwise', conv: pruning.rates.rate } as const

/** The rate of the recipe with warm-up, and the iterations over which it rises linearly from 0. */
interface Warmup {
  readonly learningRate: number
  readonly warmup: number
}

/** A network's ladders, one a rate, pruned alike. */
export function laddersOf(high: Omit<Ladder, 'rate' | 'layerwiseRounds'>, warmup: Warmup): Ladder[] {
  const common = { ...high, layerwiseRounds: [] }
  const { recipe } = high
  return [
    { ...common, rate: 'at 0.1' },
    { ...common, rate: 'at 0.01', keepAt: [], recipe: { ...recipe, learningRate: 0.01 } },
    { ...common, rate: 'warm-up', keepAt: [], recipe: { ...recipe, ...warmup } },
  ]
}

/** What imp-rewind does with a network, whose ladder from initialisation is that of the rate 0.1: its stages are shared. */
export function rewound(settings: RewindSettings, name: PrunedNetwork['name']) {
  const network = settings.networks.find((other) => other.name === name)!
  const { recipe, rounds } = network
  return { recipe, rounds, reinitRounds: rounds.slice(-1), keepAt: keptAt(network, settings) }
}

/** The images of imp-rewind. */
export const sharedBy = ({ dataset, data }: RewindSettings) => ({ dataset, data })
/** Every level of the paper, down to 1.15%, reinitialised too. */
export const everyRound = { rounds: roundsUpTo(20), reinitRounds: roundsUpTo(20) }

/** The network as a ladder prunes it. */
export const prunedBy = (
  { name, options }: DeepNetwork,
  { recipe, rounds }: Ladder,
  rates: PrunedNetwork['rates'] = pruning.rates,
): PrunedNetwork => ({ name, ...(options && { options }), recipe, rounds, rates })

/** All runs of one rate and seed: dense, tickets of both rankings, and fresh weights under the global masks. */
async function planLadder({ dataset, data, network }: DeepSettings, ladder: Ladder, seed: number): Promise<Cell[]> {
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

/** The experiment on one family of networks. */
export const deepExperiment = (
  of: Pick<Experiment, 'name' | 'title'> & { readonly profiles: DeepProfiles },
): Experiment<DeepSettings> => ({
  ...of,
  async plan(settings) {
    const plans = seedsUpTo(settings.seeds).flatMap((seed) =>
      settings.network.ladders.map((ladder) => planLadder(settings, ladder, seed)),
    )
    return (await Promise.all(plans)).flat()
  },
})
