/** Critical compression: five methods and their sweeps of compressions (claims.md 7.d, SF-1, SF-3, SF-4). */
import { densityRecord, type JsonObject, type ModelName, model, normalisations } from '@winning-tickets/core'
import {
  datasetOf,
  type Experiment,
  type ScoreConfigInput,
  type ScoredArm,
  type Settings,
  scoredGrid,
} from '@winning-tickets/harness'

export interface Network {
  readonly name: ModelName
  readonly options?: NonNullable<ScoreConfigInput['model']['options']>
}

export interface Common extends Settings {
  readonly data: Omit<ScoreConfigInput['data'], 'dataset'>
  readonly networks: readonly Network[]
  /** Examples of each class that SNIP and GraSP score. */
  readonly perClass: number
  /** SynFlow's iterations. */
  readonly rounds: number
  /** Compressions at which SynFlow is run, as fractions of rho_max; ascending, the last is the claim's. */
  readonly fractions: readonly number[]
}

export interface SweepSettings extends Common {
  /** Levels of the sweep of methods that score once at which SynFlow is run as well. */
  readonly beside: readonly number[]
  /** More iterations, for smaller steps, at the largest fraction alone. */
  readonly fine: number
}

export interface RoundsSettings extends Common {
  /** Fewer iterations than `rounds`, each with fractions of its own. */
  readonly fewer: Readonly<Record<number, readonly number[]>>
}

const full: Omit<Common, 'dataset'> = {
  seeds: 6,
  data: { validation: 5000, ...normalisations.cifar10 },
  networks: [{ name: 'vgg-16' }, { name: 'resnet-18' }],
  perClass: 10,
  rounds: 100,
  fractions: [0.1, 0.5, 0.9],
  deviations: [
    'SynFlow is run at a few compressions and not at a fine sweep; its critical compression is the largest of them without collapse, a lower bound',
  ],
}

const narrow: Network[] = [
  { name: 'conv-2', options: { widthMultiplier: 1 / 32 } },
  { name: 'resnet-8', options: { width: 4 } },
]

const smoke: Omit<Common, 'dataset'> = {
  ...full,
  seeds: 2,
  data: { validation: 200, train: 200, balanced: true },
  networks: narrow,
  perClass: 1,
  rounds: 30,
  fractions: [0.9],
  deviations: [
    'Conv-2 and ResNet-8, narrow, on made-up images, two seeds, 30 iterations instead of 100: to see that everything works',
  ],
}

/** The same settings at three sizes: `small` is `paper` on CIFAR-10 recompressed as JPEG. */
export function sized<Own extends Omit<Settings, 'dataset'>>(
  smoke: Own,
  full: Own,
): Readonly<Record<'smoke' | 'small' | 'paper', Own & Pick<Settings, 'dataset'>>> {
  const jpeg = 'CIFAR-10 recompressed as JPEG; all else is as in the profile `paper`'
  return {
    smoke: { ...smoke, dataset: datasetOf('synthetic-32x32') },
    small: { ...full, dataset: datasetOf('cifar10-jpeg'), deviations: [...(full.deviations ?? []), jpeg] },
    paper: { ...full, dataset: datasetOf('cifar-10') },
  }
}

/** rho_max = N / L: one weight a layer. */
export function largestCompression({ name, options }: Network): number {
  const { prunable, layers } = densityRecord(model(name, options as never))
  return prunable / layers.length
}

/** Compressions 10^(1/4), 10^(2/4) ... up to rho_max, as the paper sweeps them, by level from 1 on. */
export function sweepOf(network: Network): ReadonlyMap<number, number> {
  const steps = Math.floor(4 * Math.log10(largestCompression(network)))
  return new Map(Array.from({ length: steps }, (_, i) => [i + 1, 10 ** (-(i + 1) / 4)]))
}

/** Densities at fractions of rho_max; their levels begin at 101, beyond any sweep's. */
export function fractionsOf(network: Network, fractions: readonly number[]): ReadonlyMap<number, number> {
  const most = largestCompression(network)
  return new Map(fractions.map((fraction, i) => [101 + i, 1 / (fraction * most)]))
}

/** What all arms of a network share. */
export const setting = ({ dataset, data }: Common, { name, options = {} }: Network) => ({
  data: { dataset: dataset.name, ...data },
  model: { name, options },
})

/** SynFlow with some iterations at fractions of rho_max, and beside other methods at some levels of their sweep. */
export const flowArm = (
  settings: Common,
  network: Network,
  rounds: number,
  fractions: readonly number[],
  name: string,
  beside: readonly number[] = [],
): ScoredArm => ({
  ...setting(settings, network),
  arm: `${network.name} ${name}`,
  method: 'synflow',
  options: { rounds },
  densities: new Map([
    ...[...sweepOf(network)].filter(([level]) => beside.includes(level)),
    ...fractionsOf(network, fractions),
  ]),
  iterative: true,
})

/** SynFlow that scores once: all compressions of the sweep by one scoring. */
export const oneShotArm = (settings: Common, network: Network, name: string): ScoredArm => ({
  ...setting(settings, network),
  arm: `${network.name} ${name}`,
  method: 'synflow',
  options: { rounds: 1 },
  densities: sweepOf(network),
})

export function sweepArms(settings: SweepSettings): ScoredArm[] {
  return settings.networks.flatMap((network) => {
    const { name } = network
    const examples = { perClass: settings.perClass }
    const single = (arm: string, method: string, options: JsonObject = {}): ScoredArm => ({
      ...setting(settings, network),
      arm: `${name} ${arm}`,
      method,
      options,
      densities: sweepOf(network),
    })
    return [
      single('random', 'random'),
      single('magnitude', 'magnitude'),
      // As the paper's code compares them: batch norm goes by its running statistics, which are none yet.
      single('snip', 'snip', { examples, batchNorm: 'eval' }),
      single('grasp', 'grasp', { examples, batchNorm: 'eval' }),
      // Normalised by the batch, the default of both packages.
      single('snip-train', 'snip', { examples }),
      single('grasp-train', 'grasp', { examples }),
      oneShotArm(settings, network, 'synflow-once'),
      flowArm(settings, network, settings.rounds, settings.fractions, 'synflow', settings.beside),
      flowArm(settings, network, settings.fine, settings.fractions.slice(-1), 'synflow-fine'),
    ]
  })
}

export const profiles = sized<Omit<SweepSettings, 'dataset'>>(
  { ...smoke, beside: [4], fine: 60 },
  {
    ...full,
    // Compressions 10, 100 and 1,000.
    beside: [4, 8, 12],
    fine: 300,
    deviations: [
      ...full.deviations!,
      'SF-1c is not a claim of the paper: it was added when SF-1 had failed, and its 300 iterations are run at 0.9 rho_max alone',
    ],
  },
)

export const sweep: Experiment<SweepSettings> = {
  name: 'synflow',
  title: 'SynFlow before training: critical compression of five methods',
  profiles,
  plan: (settings) => scoredGrid(sweepArms(settings), settings.seeds),
}

export const roundsProfiles = sized<Omit<RoundsSettings, 'dataset'>>(
  { ...smoke, networks: narrow.slice(0, 1), fewer: { 5: [0.1, 0.9] } },
  {
    ...full,
    networks: full.networks.slice(0, 1),
    fewer: { 10: [0.0003, 0.001, 0.01, 0.1, 0.5, 0.9], 30: [0.01, 0.1, 0.5, 0.9] },
  },
)

export const rounds: Experiment<RoundsSettings> = {
  name: 'synflow-rounds',
  title: 'SynFlow before training: the number of iterations',
  profiles: roundsProfiles,
  plan(settings) {
    const arms = settings.networks.flatMap((network) => [
      oneShotArm(settings, network, 'n=1'),
      ...Object.entries(settings.fewer).map(([n, fractions]) =>
        flowArm(settings, network, Number(n), fractions, `n=${n}`),
      ),
      flowArm(settings, network, settings.rounds, settings.fractions, `n=${settings.rounds}`),
    ])
    return scoredGrid(arms, settings.seeds)
  },
}
