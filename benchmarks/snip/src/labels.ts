/** Whether SNIP's networks fit random labels, and whether it is their masks that do not (SNIP-7; claims.md 5.e and 8.2). */
import type { RecipeInput, SpoilInput } from '@winning-tickets/core'
import {
  type Cell,
  createStage,
  datasetOf,
  type Experiment,
  fitKind,
  type MaskConfigInput,
  maskStage,
  type Settings,
  seedsUpTo,
  type TrainConfigInput,
  trainStage,
} from '@winning-tickets/harness'

export interface LabelsSettings extends Settings {
  readonly data: Omit<TrainConfigInput['data'], 'dataset' | 'spoil'>
  readonly model: TrainConfigInput['model']
  readonly recipe: RecipeInput
  /** Sparsities by level, in percent. */
  readonly sparsities: readonly number[]
  /** Examples that are scored. */
  readonly batch: number
}

/** What networks are trained on: each training example has one random class for the whole run, or its own. */
export const LABELS = ['random', 'true'] as const
type Labels = (typeof LABELS)[number]

/**
 * Masks of the same method: as it finds them; shuffled within each layer (Su et al. 2020); found on training data with
 * permuted pixels and random labels. All are found with true labels but the last.
 */
export const MASKS = { snip: {}, shuffled: { shuffled: 0 }, corrupted: { corrupted: 1 } } as const satisfies Record<
  string,
  Partial<MaskConfigInput>
>

/** The paper's recipe for MNIST: SGD at 0.1 with momentum and weight decay, batches of 100, tenths of the rate on the way. */
const sgd = (iterations: number): RecipeInput => ({
  optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
  learningRate: 0.1,
  schedule: { name: 'steps', at: [iterations / 2, (3 * iterations) / 4] },
  iterations,
  batchSize: 100,
  evaluateEvery: iterations / 5,
})

const small: LabelsSettings = {
  seeds: 5,
  dataset: { name: 'mnist' },
  data: { validation: 5000, train: 5000 },
  model: { name: 'lenet-300-100' },
  recipe: sgd(5000),
  sparsities: [90, 95, 98, 99],
  batch: 100,
  deviations: [
    '5,000 images of MNIST, 100 epochs: the dense network can learn so many random labels by heart in 5,000 iterations, but not 55,000',
    'the rate falls to a tenth after a half and three quarters of the iterations',
  ],
}

export const labelsProfiles: Readonly<Record<'smoke' | 'small' | 'paper', LabelsSettings>> = {
  smoke: {
    ...small,
    seeds: 3,
    dataset: datasetOf('fashion-mnist-extract'),
    data: { validation: 500, train: 100 },
    model: { name: 'lenet-300-100', options: { hidden: [60, 20] } },
    recipe: { ...sgd(240), learningRate: 0.03, batchSize: 20 },
    sparsities: [90, 98],
    deviations: [
      'a network a fifth as wide that learns 100 images of an extract of Fashion-MNIST: to see that everything works',
    ],
  },
  small,
  paper: {
    ...small,
    data: { validation: 5000 },
    recipe: { ...sgd(100_000), schedule: { name: 'steps', at: [25_000, 50_000, 75_000] } },
    deviations: [],
  },
}

/** All runs of a seed: on either labels the dense network, and each kind of mask at every sparsity. */
async function planSeed(settings: LabelsSettings, seed: number): Promise<Cell[]> {
  const { dataset, model, recipe, sparsities, batch } = settings
  const plain = { dataset: dataset.name, ...settings.data }
  const spoil: SpoilInput = { what: 'labels', from: 0, to: recipe.iterations }
  const dataOf = { true: plain, random: { ...plain, spoil } } as const
  const cells: Cell[] = []

  async function add(labels: Labels, name: string, level: number, density: number, mask?: Cell['stage']) {
    const data = dataOf[labels]
    const start = { from: 'init' as const, ...(mask && { mask: Promise.resolve(mask) }) }
    const label = `${labels} labels, ${name} ${(100 * density).toFixed(0)}%`
    const trained = await trainStage({ data, model, recipe }, seed, start, { label })
    const stage =
      labels === 'true'
        ? trained
        : await createStage(
            fitKind,
            { data, model, seed },
            { inputs: { trained }, label: `fit of ${label}, seed ${seed}` },
          )
    cells.push({ arm: `${labels} ${name}`, level, density, seed, stage })
  }

  for (const labels of LABELS) await add(labels, 'dense', 0, 1)
  for (const [name, variant] of Object.entries(MASKS)) {
    for (const [i, sparsity] of sparsities.entries()) {
      const density = (100 - sparsity) / 100
      const scoring = {
        data: plain,
        model,
        method: 'snip',
        options: { examples: { batch } },
        seed,
        density,
        ...variant,
      }
      const mask = await maskStage(scoring, `mask ${name} ${sparsity}%, seed ${seed}`)
      for (const labels of LABELS) await add(labels, name, i + 1, density, mask)
    }
  }
  return cells
}

export const labels: Experiment<LabelsSettings> = {
  name: 'snip-labels',
  title: 'SNIP: networks trained on random labels, and on true ones',
  profiles: labelsProfiles,
  async plan(settings) {
    const seeds = seedsUpTo(settings.seeds)
    return (await Promise.all(seeds.map((seed) => planSeed(settings, seed)))).flat()
  },
}
