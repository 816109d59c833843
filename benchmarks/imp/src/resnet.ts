/** ResNet-20 ("Resnet-18" in the paper) at three rates of learning (LTH-12). */
import { type DeepProfiles, deepExperiment, everyRound, laddersOf, rewound, sharedBy } from './deep.js'
import { EPOCH, options, rewindProfiles } from './rewind.js'

/** The rate that warm-up leads to, where the rate first drops. */
const LEARNING_RATE = 0.03

const { smoke, small, paper } = rewindProfiles

export const resnetProfiles: DeepProfiles = {
  smoke: {
    seeds: 2,
    ...sharedBy(smoke),
    network: {
      name: 'resnet-8',
      options: { ...options, width: 2 },
      ladders: laddersOf(rewound(smoke, 'resnet-8'), { learningRate: LEARNING_RATE, warmup: 14 }),
    },
    deviations: [
      'ResNet-8 of width 2 instead of ResNet-20, 20 iterations on 500 made-up images: to see that everything works',
      "eight of the paper's rounds of pruning are taken in one",
    ],
  },
  small: {
    seeds: 3,
    ...sharedBy(small),
    network: {
      name: 'resnet-8',
      options,
      ladders: laddersOf(rewound(small, 'resnet-8'), { learningRate: LEARNING_RATE, warmup: 14 * EPOCH }),
    },
    deviations: [
      '10,000 images to train on and 2,500 to validate on instead of 45,000 and 5,000',
      'ResNet-8 instead of ResNet-20, 20 epochs with drops of the rate after 14 and 17, warm-up over the first 14',
      "two of the paper's rounds of pruning are taken in one: 36% of the weights that are left, down to 16.8%",
      'validated every 5 epochs, so early-stop iterations are coarse',
    ],
  },
  paper: {
    seeds: 5,
    ...sharedBy(paper),
    network: {
      name: 'resnet-20',
      options,
      ladders: laddersOf(
        { ...rewound(paper, 'resnet-20'), ...everyRound },
        { learningRate: LEARNING_RATE, warmup: 20_000 },
      ),
    },
  },
}

export const resnet = deepExperiment({
  name: 'imp-resnet',
  title: 'The Lottery Ticket Hypothesis: ResNet and rates of learning',
  profiles: resnetProfiles,
})
