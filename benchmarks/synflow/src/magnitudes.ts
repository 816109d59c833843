/** How iterative magnitude pruning avoids collapse: theta^2 of each layer, over training and over rounds (SF-8; the paper's Fig. 5). */
import { type ModelName, model, normalisations, type RecipeInput } from '@winning-tickets/core'
import {
  type Cell,
  createStage,
  datasetOf,
  type Experiment,
  type Planned,
  planningLab,
  type Settings,
  seedsUpTo,
  type TrainConfigInput,
} from '@winning-tickets/harness'
import { iterativeMagnitudePruning, levelTarget } from '@winning-tickets/imp'
import { type MagnitudesConfig, magnitudesKind } from './magnitudes-stage.js'

export interface TrainedNetwork {
  readonly name: ModelName
  readonly options?: NonNullable<TrainConfigInput['model']['options']>
  readonly data: TrainConfigInput['data']
  readonly recipe: RecipeInput
  /** Rounds of pruning, a fifth of the weights that are left each, after which a ticket is trained; ascending. */
  readonly rounds: readonly number[]
}

export interface MagnitudesSettings extends Settings {
  readonly networks: readonly TrainedNetwork[]
  /** Where the dense network is looked at, in percent of its training; ascending from 0 to 100. */
  readonly looks: readonly number[]
}

/** All layers ranked together, the first and the last with them: only so can a layer be emptied. */
const rates = { scope: 'global', rate: 0.2 } as const

/** As the paper's networks are trained on CIFAR-10: SGD at 0.1, tenths of it after three and six eighths. */
const sgd = (iterations: number, batchSize: number): RecipeInput => ({
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
  learningRate: 0.1,
  schedule: { name: 'steps', at: [(3 * iterations) / 8, (6 * iterations) / 8] },
  iterations,
  batchSize,
  evaluateEvery: iterations / 20,
})

/** Iterations of an epoch of 10,000 images in batches of 128; what is left over goes into no batch. */
const EPOCH = 78
const looks = [0, 1, 5, 20, 50, 100]
const TWO_IN_ONE = 'in one round two of the usual are taken: 36% of the weights that are left'

export const magnitudesProfiles: Readonly<Record<'smoke' | 'small' | 'paper', MagnitudesSettings>> = {
  smoke: {
    seeds: 3,
    dataset: datasetOf('fashion-mnist-extract'),
    networks: [
      {
        name: 'lenet-300-100',
        options: { hidden: [30, 10] },
        data: { dataset: 'fashion-mnist-extract', validation: 1000 },
        recipe: { ...sgd(160, 50), evaluateEvery: 160 },
        rounds: [4, 8],
      },
    ],
    looks: [0, 20, 100],
    deviations: ['a narrow dense network, 160 iterations, two rounds: to see that everything works'],
  },
  small: {
    seeds: 3,
    dataset: datasetOf('cifar10-jpeg'),
    networks: [
      {
        name: 'vgg-11',
        options: { widthMultiplier: 0.25 },
        data: {
          dataset: 'cifar10-jpeg',
          validation: 2500,
          train: 10_000,
          ...normalisations.cifar10,
          augment: {},
        },
        recipe: sgd(20 * EPOCH, 128),
        rounds: [2, 4, 6, 8],
      },
    ],
    looks,
    deviations: [
      'VGG-11 with a quarter of the channels instead of VGG-19, 20 epochs of 10,000 images instead of 160 of 45,000',
      `${TWO_IN_ONE}, down to 16.8%`,
    ],
  },
  paper: {
    seeds: 3,
    dataset: datasetOf('cifar-10'),
    networks: [
      {
        name: 'vgg-19',
        data: { dataset: 'cifar-10', validation: 5000, ...normalisations.cifar10, augment: {} },
        recipe: sgd(160 * 351, 128),
        rounds: Array.from({ length: 20 }, (_, i) => i + 1),
      },
    ],
    looks,
  },
}

/** An arm of the dense network, so far into its training: "training 5%". */
export const lookArm = (percent: number): string => `training ${percent}%`

/** One network and seed: the dense network as it trains, and at every round the ticket before and after training. */
async function planNetwork(network: TrainedNetwork, looks: readonly number[], seed: number): Promise<Cell[]> {
  const { name, options = {}, data, recipe, rounds } = network
  const chosen = { name, options }
  const built = model(name, options as never)
  const at = (percent: number) => Math.round((percent / 100) * recipe.iterations)
  const keepAt = looks.filter((percent) => percent > 0 && percent < 100).map(at)
  const targets = rounds.map((round) => levelTarget(built, rates, round))
  const lab = planningLab({ data, model: chosen, recipe }, seed, keepAt)
  const levels = iterativeMagnitudePruning(lab, { strategy: 'iterative', targets, rewindTo: 0 })

  const cells: Cell[] = []
  async function add(
    arm: string,
    level: number,
    weights: MagnitudesConfig['weights'],
    from: { readonly trained?: Planned; readonly mask?: Planned },
  ): Promise<void> {
    const target = level === 0 ? undefined : targets[rounds.indexOf(level)]
    const density = target?.scope === 'global' ? target.density : 1
    const inputs = {
      ...(from.trained && { trained: await from.trained }),
      ...(from.mask && { mask: await from.mask }),
    }
    const config = { model: chosen, weights, masked: from.mask !== undefined }
    const label = `theta^2 of ${name} ${arm}, seed ${seed}`
    const stage = await createStage(magnitudesKind, config, { inputs, label })
    cells.push({ arm: `${name} ${arm}`, level, density, seed, stage })
  }

  const [{ trained: dense }] = levels as [(typeof levels)[number]]
  const init = { from: 'init', seed } as const
  for (const percent of looks) {
    if (percent === 0) await add(lookArm(percent), 0, init, {})
    else if (percent === 100) await add(lookArm(percent), 0, { from: 'end' }, { trained: dense })
    else await add(lookArm(percent), 0, { from: 'kept', step: at(percent) }, { trained: dense })
  }
  for (const [i, { start, trained }] of levels.entries()) {
    const level = [0, ...rounds][i]!
    const mask = start.mask && { mask: start.mask }
    await add('start', level, init, { ...mask })
    await add('ticket', level, { from: 'end' }, { trained, ...mask })
  }
  return cells
}

export const magnitudes: Experiment<MagnitudesSettings> = {
  name: 'synflow-magnitudes',
  title: 'SynFlow and iterative magnitude pruning: the layers as they train',
  profiles: magnitudesProfiles,
  async plan({ networks, looks, seeds }) {
    const plans = seedsUpTo(seeds).flatMap((seed) => networks.map((network) => planNetwork(network, looks, seed)))
    return (await Promise.all(plans)).flat()
  },
}
