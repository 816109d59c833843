/** Saliency is conserved, neuron by neuron and layer by layer (SF-2; the paper's Fig. 3). */
import { type Cell, createStage, type Experiment, seedsUpTo } from '@winning-tickets/harness'
import { conservationKind } from './conservation-stage.js'
import { type Common, profiles, setting, sized } from './sweep.js'

/** Without batch norm, and so with biases, which are zero at initialisation. */
const plain = ({ dataset: _, networks, ...rest }: Common): Omit<Common, 'dataset'> => {
  const [{ name, options }] = networks as [Common['networks'][number]]
  return {
    ...rest,
    networks: [{ name, options: { ...options, batchNorm: false } }],
    perClass: 1,
    deviations: ['VGG-16 on small images without batch norm and 10 of them instead of VGG-19 on ImageNet'],
  }
}

/** A chain of convolutions, as neurons can only be balanced in one. */
const chain: Common = {
  ...profiles.smoke,
  networks: [{ name: 'vgg-11', options: { widthMultiplier: 1 / 32 } }],
  seeds: 2,
}

export const conservationProfiles = sized<Omit<Common, 'dataset'>>(
  {
    ...plain(chain),
    deviations: [
      'VGG-11, a 32nd as wide, on 10 made-up images instead of VGG-19 on ImageNet: to see that everything works',
    ],
  },
  plain(profiles.paper),
)

export const conservation: Experiment<Common> = {
  name: 'synflow-conservation',
  title: 'SynFlow before training: conservation of saliency',
  profiles: conservationProfiles,
  async plan(settings) {
    const cells: Cell[] = []
    for (const seed of seedsUpTo(settings.seeds)) {
      for (const network of settings.networks) {
        const config = { ...setting(settings, network), seed, perClass: settings.perClass }
        const stage = await createStage(conservationKind, config, {
          label: `conservation ${network.name}, seed ${seed}`,
        })
        cells.push({ arm: `${network.name} dense`, level: 0, density: 1, seed, stage })
      }
    }
    return cells
  },
}
