/** SynFlow needs no data: the same network pruned beside two data sets (SF-9). */
import { type Experiment, type ScoredArm, scoredGrid } from '@winning-tickets/harness'
import { type Common, fractionsOf, profiles, setting, sized } from './sweep.js'

export interface DataSettings extends Common {
  /** A second data set, with images of the same shape. */
  readonly other: {
    readonly dataset: string
    readonly validation: number
    readonly train?: number
    readonly balanced?: boolean
  }
}

/** Few iterations suffice: the first difference would carry through all of them. */
const ROUNDS = 10

const made = { dataset: 'synthetic-32x32', validation: 200, train: 200, balanced: true }
const only = ({ dataset: _, networks, ...rest }: Common) => ({
  ...rest,
  networks: networks.slice(0, 1),
  fractions: [0.01],
  rounds: ROUNDS,
  deviations: [],
})

export const dataProfiles = sized<Omit<DataSettings, 'dataset'>>(
  {
    ...only(profiles.smoke),
    // Identity is no mean over seeds: three without a difference are asked for.
    seeds: 3,
    rounds: 3,
    other: { ...made, train: 100 },
    deviations: ['Conv-2, a 32nd as wide, beside made-up images, 3 iterations: to see that everything works'],
  },
  { ...only(profiles.paper), other: made },
)

export const data: Experiment<DataSettings> = {
  name: 'synflow-data',
  title: 'SynFlow before training: masks beside two data sets',
  profiles: dataProfiles,
  plan(settings) {
    const arms = settings.networks.flatMap((network): ScoredArm[] => {
      const densities = fractionsOf(network, settings.fractions)
      const { model, data } = setting(settings, network)
      const of = (arm: string, images: ScoredArm['data']): ScoredArm[] => [
        {
          arm: `${network.name} synflow-${arm}`,
          model,
          data: images,
          method: 'synflow',
          options: { rounds: settings.rounds },
          densities,
          iterative: true,
        },
        {
          arm: `${network.name} snip-${arm}`,
          model,
          data: images,
          method: 'snip',
          options: { examples: { perClass: settings.perClass } },
          densities,
        },
      ]
      return [...of('here', data), ...of('there', settings.other)]
    })
    return scoredGrid(arms, settings.seeds)
  },
}
