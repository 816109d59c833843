/** Which inputs a SNIP mask keeps: the heat map of the paper's Fig. 2, before training, with controls (claims.md 5.e). */
import {
  datasetOf,
  densitiesAt,
  type Experiment,
  type ScoreConfigInput,
  type ScoredArm,
  type Settings,
  scoredGrid,
} from '@winning-tickets/harness'

export interface SnipSettings extends Settings {
  /** Each with the examples held out of training. */
  readonly datasets: readonly { readonly name: string; readonly validation: number }[]
  readonly model: NonNullable<ScoreConfigInput['model']['options']>
  /** Sparsities by level, in percent. */
  readonly sparsities: readonly number[]
  /** Examples that are scored. */
  readonly batch: number
}

const full: Omit<SnipSettings, 'dataset'> = {
  seeds: 6,
  datasets: [
    { name: 'mnist', validation: 5000 },
    { name: 'fashion-mnist', validation: 5000 },
  ],
  model: {},
  sparsities: [90, 95, 98, 99],
  batch: 100,
}

const dataset = { name: 'mnist', note: 'and Fashion-MNIST' }

export const profiles: Readonly<Record<'smoke' | 'small' | 'paper', SnipSettings>> = {
  smoke: {
    ...full,
    seeds: 3,
    dataset: datasetOf('fashion-mnist-extract'),
    datasets: [{ name: 'fashion-mnist-extract', validation: 1000 }],
    model: { hidden: [30, 10] },
    deviations: ['a network a tenth as wide, on an extract of Fashion-MNIST'],
  },
  small: { ...full, dataset },
  paper: { ...full, dataset },
}

/** SNIP, the same masks shuffled within each layer (Su et al. 2020), and random masks, for each data set. */
export function armsOf({ datasets, model: options, sparsities, batch }: SnipSettings): ScoredArm[] {
  const densities = densitiesAt(sparsities)
  return datasets.flatMap(({ name, validation }) => {
    const common = {
      data: { dataset: name, validation },
      model: { name: 'lenet-300-100' as const, options },
      densities,
      inputs: true as const,
    }
    const snip = { ...common, method: 'snip', options: { examples: { batch } } }
    return [
      { ...snip, arm: `${name} snip` },
      { ...snip, arm: `${name} shuffled`, shuffled: 0 },
      { ...common, method: 'random', arm: `${name} random` },
    ]
  })
}

export const snip: Experiment<SnipSettings> = {
  name: 'snip',
  title: 'SNIP before training: which inputs a mask keeps',
  profiles,
  plan: (settings) => scoredGrid(armsOf(settings), settings.seeds),
}
