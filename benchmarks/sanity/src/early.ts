/** What networks learn early: spoilt data early or late (EARLY-1), masks and shapes over training (EARLY-2). */
import { normalisations, type RecipeInput, type SpoilInput } from '@winning-tickets/core'
import {
  type Cell,
  createStage,
  datasetOf,
  type Experiment,
  type Settings,
  seedsUpTo,
  type TrainConfigInput,
  type Training,
  trainStage,
} from '@winning-tickets/harness'
import { snapshotKind } from './snapshot-stage.js'

export interface EarlySettings extends Settings {
  readonly data: Omit<TrainConfigInput['data'], 'dataset' | 'spoil'>
  readonly model: TrainConfigInput['model']
  readonly recipe: RecipeInput
  /** Iterations that windows are parts of; after them all runs go on with clean data to the recipe's end. */
  readonly spoilable: number
  /** Percents of the spoilable iterations from the first on, and the percent up to the last, that are spoilt. */
  readonly first: readonly number[]
  readonly last: number
  /** Where masks and shapes are looked at, in percent of the clean run, ascending from 0; the end comes by itself. */
  readonly looks: readonly number[]
  /** Of the magnitude masks that are compared. */
  readonly density: number
}

/** What is spoilt. Each is a group of arms: "blur first 0%" is the clean run, "blur first 25%", "blur last 50%". */
export const SPOILS = ['blur', 'labels'] as const satisfies SpoilInput['what'][]
export const firstArm = (percent: number): string => `first ${percent}%`
export const lastArm = (percent: number): string => `last ${percent}%`
/** Arms of EARLY-2: "network at 10%" of training. */
export const lookArm = (percent: number): string => `network at ${percent}%`

/**
 * SGD whose rate falls by the same factor every epoch, to about a hundredth over the spoilable ones and a thousandth over
 * all: as in Achille et al. 2019, where the claim comes from, a network cannot start anew whenever it likes.
 */
const fading = (epochs: number, perEpoch: number, batchSize: number): RecipeInput => ({
  optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
  learningRate: 0.1,
  schedule: {
    name: 'steps',
    at: Array.from({ length: epochs - 1 }, (_, epoch) => (epoch + 1) * perEpoch),
    factor: Number((0.001 ** (1 / epochs)).toFixed(3)),
  },
  iterations: epochs * perEpoch,
  batchSize,
  evaluateEvery: perEpoch,
})

const windows = { first: [10, 25, 50], last: 50, density: 0.168 } as const

export const earlyProfiles: Readonly<Record<'smoke' | 'small' | 'paper', EarlySettings>> = {
  smoke: {
    seeds: 2,
    dataset: datasetOf('synthetic-32x32'),
    data: { validation: 200, train: 200, augment: {} },
    model: { name: 'resnet-8', options: { width: 1 } },
    recipe: { ...fading(3, 4, 20), evaluateEvery: 12 },
    spoilable: 8,
    ...windows,
    first: [50],
    looks: [0, 25],
    deviations: [
      'ResNet-8 of width 1 and 12 iterations on 200 made-up images: to see that everything works',
      'windows of half of the run only',
    ],
  },
  small: {
    seeds: 3,
    dataset: datasetOf('cifar10-jpeg'),
    data: { validation: 2500, train: 10_000, ...normalisations.cifar10, augment: {} },
    model: { name: 'resnet-8' },
    recipe: fading(30, 78, 128),
    spoilable: 20 * 78,
    ...windows,
    looks: [0, 1, 2.5, 5, 10, 25, 50],
    deviations: [
      '10,000 images to train on and 2,500 to validate on, ResNet-8 instead of ResNet-20',
      '20 epochs of which parts are spoilt and 10 clean ones, instead of 120 and 60',
    ],
  },
  paper: {
    seeds: 3,
    dataset: datasetOf('cifar-10'),
    data: { validation: 5000, ...normalisations.cifar10, augment: {} },
    model: { name: 'resnet-20' },
    recipe: fading(180, 351, 128),
    spoilable: 120 * 351,
    ...windows,
    looks: [0, 0.5, 1, 2.5, 5, 10, 25, 50],
  },
}

/** The window of the spoilable iterations from one percent to another. */
export function windowOf(
  what: SpoilInput['what'],
  { spoilable }: EarlySettings,
  [from, to]: readonly [number, number],
) {
  const at = (percent: number) => Math.round((percent / 100) * spoilable)
  return { what, from: at(from), to: at(to) } satisfies SpoilInput
}

/** All runs of one seed: one clean, looked at as it goes, and one for each window of each kind. */
async function planSeed(settings: EarlySettings, seed: number): Promise<Cell[]> {
  const { dataset, model, recipe, first, last, looks, density } = settings
  const data = { dataset: dataset.name, ...settings.data }
  const training: Training = { data, model, recipe }
  const at = (percent: number) => Math.round((percent / 100) * recipe.iterations)
  const keepAt = looks.filter((percent) => percent > 0).map(at)
  const clean = await trainStage(training, seed, { from: 'init' }, { keepAt })
  const cells: Cell[] = []
  const add = (arm: string, level: number, stage: Cell['stage'], more: Pick<Cell, 'layered'> = {}) =>
    cells.push({ arm, level, density: 1, seed, stage: { ...stage, label: `${arm}, seed ${seed}` }, ...more })

  for (const what of SPOILS) {
    add(`${what} ${firstArm(0)}`, 0, clean)
    const spans = [
      ...first.map((percent) => [firstArm(percent), [0, percent]] as const),
      [lastArm(last), [100 - last, 100]] as const,
    ]
    for (const [i, [arm, span]] of spans.entries()) {
      const spoilt = { ...training, data: { ...data, spoil: windowOf(what, settings, span) } }
      add(`${what} ${arm}`, i + 1, await trainStage(spoilt, seed, { from: 'init' }))
    }
  }
  for (const [i, percent] of [...looks, 100].entries()) {
    const step = percent === 100 ? ('end' as const) : at(percent)
    const config = { data, model, seed, step, density }
    const look = await createStage(snapshotKind, config, { inputs: { trained: clean } })
    add(lookArm(percent), i, look, { layered: 'maskOverlap' })
  }
  return cells
}

export const early: Experiment<EarlySettings> = {
  name: 'early-learning',
  title: 'What networks learn early: spoilt data, masks, shapes before details',
  profiles: earlyProfiles,
  async plan(settings) {
    return (await Promise.all(seedsUpTo(settings.seeds).map((seed) => planSeed(settings, seed)))).flat()
  },
}
