/** GraSP against SNIP and random pruning before training: gradient norms and what each layer keeps (claims.md 6.d). */
import { type ModelName, normalisations } from '@winning-tickets/core'
import {
  datasetOf,
  densitiesAt,
  type Experiment,
  type ScoreConfigInput,
  type ScoredArm,
  type Settings,
  scoredGrid,
} from '@winning-tickets/harness'

export interface GraspSettings extends Settings {
  readonly data: Omit<ScoreConfigInput['data'], 'dataset'>
  readonly networks: readonly {
    readonly name: ModelName
    readonly options: NonNullable<ScoreConfigInput['model']['options']>
  }[]
  /** Sparsities by level, in percent. */
  readonly sparsities: readonly number[]
  /** Examples of each class that gradient norms are measured on, and that GraSP scores. */
  readonly perClass: number
  /** Examples that SNIP scores. */
  readonly batch: number
}

/** GraSP's sparsities in Tables 1 and 2 of the paper, and the dense network. */
const SPARSITIES = [0, 90, 95, 98, 99]
/** Gradient norms are measured at the temperature of training and at GraSP's own. */
export const TEMPERATURES = [1, 200] as const

const full: Omit<GraspSettings, 'dataset'> = {
  seeds: 6,
  data: { validation: 5000, ...normalisations.cifar10 },
  networks: [
    { name: 'vgg-19', options: { initialisation: 'kaiming-fan-out' } },
    { name: 'resnet-32', options: { initialisation: 'kaiming-fan-out', width: 32 } },
  ],
  sparsities: SPARSITIES,
  perClass: 10,
  batch: 128,
  deviations: ['no augmentation of the scoring examples, of which GraSP has 10 a class and SNIP 128 of any class'],
}

export const profiles: Readonly<Record<'smoke' | 'small' | 'paper', GraspSettings>> = {
  smoke: {
    ...full,
    seeds: 3,
    dataset: datasetOf('synthetic-32x32'),
    data: { validation: 200, train: 200, balanced: true },
    networks: [
      { name: 'vgg-11', options: { initialisation: 'kaiming-fan-out', widthMultiplier: 1 / 32 } },
      { name: 'resnet-8', options: { initialisation: 'kaiming-fan-out', width: 4 } },
    ],
    perClass: 1,
    batch: 10,
    deviations: ['narrow networks on made-up images, 10 of them to score on: to see that everything works'],
  },
  small: {
    ...full,
    dataset: datasetOf('cifar10-jpeg'),
    deviations: [...full.deviations!, 'CIFAR-10 recompressed as JPEG; all else is as in the profile `paper`'],
  },
  paper: { ...full, dataset: datasetOf('cifar-10') },
}

/** The three methods, each with its paper's defaults. */
export function armsOf(settings: GraspSettings): ScoredArm[] {
  const { dataset, data, networks, sparsities, perClass, batch } = settings
  const densities = densitiesAt(sparsities)
  const methods = [
    { method: 'random' },
    { method: 'snip', options: { examples: { batch } } },
    { method: 'grasp', options: { examples: { perClass } } },
  ]
  return networks.flatMap(({ name, options: model }) =>
    methods.map(({ method, options = {} }) => ({
      arm: `${name} ${method}`,
      data: { dataset: dataset.name, ...data },
      model: { name, options: model },
      method,
      options,
      densities,
      gradients: { perClass, temperatures: [...TEMPERATURES] },
    })),
  )
}

export const grasp: Experiment<GraspSettings> = {
  name: 'grasp',
  title: 'GraSP before training: gradient norms and layers of the pruned networks',
  profiles,
  plan: (settings) => scoredGrid(armsOf(settings), settings.seeds),
}
