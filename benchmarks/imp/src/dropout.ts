/** Dropout and tickets together: Conv-2, Conv-4 and Conv-6 with and without dropout, dense and pruned (claims.md 1.b; LTH-10). */
import {
  type Cell,
  type Experiment,
  planningLab,
  type Settings,
  seedsUpTo,
  type TrainConfigInput,
  type Training,
} from '@winning-tickets/harness'
import { iterativeMagnitudePruning, levelTarget } from '@winning-tickets/imp'
import { type ConvName, type ConvSettings, convProfiles, paperNetwork, smallNetwork } from './conv.js'
import { cellsOf, modelOf, type PrunedNetwork, ratesOf } from './ladder.js'

export interface DropoutSettings extends Settings {
  readonly data: Omit<TrainConfigInput['data'], 'dataset'>
  /** Each network without dropout and with it; masks come from each one's own training. */
  readonly networks: readonly { readonly plain: PrunedNetwork; readonly dropout: PrunedNetwork }[]
}

/** The fraction of units that is dropped. */
const RATE = 0.5

/** The network with dropout, its own rate of learning (3e-4, Conv-4 and Conv-6 2e-4), and longer training. */
function withDropout(plain: PrunedNetwork, { longer }: { readonly longer: number }): PrunedNetwork {
  const { name, options, recipe } = plain
  return {
    ...plain,
    options: { ...options, dropout: RATE },
    recipe: { ...recipe, learningRate: name === 'conv-2' ? 3e-4 : 2e-4, iterations: longer * recipe.iterations },
  }
}

function paperPair(name: ConvName, iterations: number) {
  const plain = paperNetwork(name, iterations)
  return { plain, dropout: withDropout(plain, { longer: 3 }) }
}

const [smokeNetwork] = convProfiles.smoke.networks
const smokePlain: PrunedNetwork = { ...smokeNetwork!, rounds: [7] }
const smallPlain = smallNetwork('conv-2', [4, 8], [])

/** Dense networks and tickets without dropout are those of `imp-conv`, and so are their stages. */
const sharedBy = ({ seeds, dataset, data }: ConvSettings) => ({ seeds, dataset, data })

export const dropoutProfiles: Readonly<Record<'smoke' | 'small' | 'paper', DropoutSettings>> = {
  smoke: {
    ...sharedBy(convProfiles.smoke),
    networks: [{ plain: smokePlain, dropout: { ...smokePlain, options: { ...smokePlain.options, dropout: RATE } } }],
    deviations: [
      'Conv-2 with a sixteenth of its channels and units, 24 iterations at a rate of 2e-3 on 500 made-up images: to see that everything works',
      "seven of the paper's rounds of pruning are taken in one",
    ],
  },
  small: {
    ...sharedBy(convProfiles.small),
    networks: [{ plain: smallPlain, dropout: withDropout(smallPlain, { longer: 2 }) }],
    deviations: [
      '10,000 images to train on and 2,500 to validate on instead of 45,000 and 5,000',
      'Conv-2 with half of its channels and units; no Conv-4, no Conv-6',
      '3,000 iterations instead of 20,000, and 6,000 with dropout instead of 60,000',
      "four of the paper's rounds of pruning are taken in one, down to round 8",
    ],
  },
  paper: {
    ...sharedBy(convProfiles.paper),
    networks: [paperPair('conv-2', 20_000), paperPair('conv-4', 25_000), paperPair('conv-6', 30_000)],
  },
}

/** The dense network and its tickets, under arms whose names begin as given: "dropout ticket". */
async function planLadder(settings: DropoutSettings, network: PrunedNetwork, seed: number, prefix: string) {
  const { name, options = {}, recipe, rounds } = network
  const data = { dataset: settings.dataset.name, ...settings.data }
  const training: Training = { data, model: { name, options }, recipe }
  const { cells, add } = cellsOf(network, seed)
  const targets = rounds.map((round) => levelTarget(modelOf(network), ratesOf(network), round))
  const levels = iterativeMagnitudePruning(planningLab(training, seed), { strategy: 'iterative', targets, rewindTo: 0 })
  for (const [i, { trained }] of levels.entries()) {
    await add(`${prefix}${i === 0 ? 'dense' : 'ticket'}`, [0, ...rounds][i]!, trained)
  }
  return cells
}

export const dropout: Experiment<DropoutSettings> = {
  name: 'imp-dropout',
  title: 'The Lottery Ticket Hypothesis: dropout and tickets',
  profiles: dropoutProfiles,
  async plan(settings) {
    const cells: Cell[] = []
    for (const seed of seedsUpTo(settings.seeds)) {
      for (const { plain, dropout } of settings.networks) {
        cells.push(...(await planLadder(settings, plain, seed, '')))
        cells.push(...(await planLadder(settings, dropout, seed, 'dropout ')))
      }
    }
    return cells
  },
}
