/** VGG-19 at three rates of learning (LTH-11). */
import { type DeepProfiles, deepExperiment, everyRound, laddersOf, rewound, sharedBy } from './deep.js'
import { EPOCH, options, rewindProfiles, sgdRecipe } from './rewind.js'

/** The rate that warm-up leads to, in the first tenth of training. */
const LEARNING_RATE = 0.1

const { smoke, small, paper } = rewindProfiles

export const vggProfiles: DeepProfiles = {
  smoke: {
    seeds: 2,
    ...sharedBy(smoke),
    network: {
      name: 'vgg-11',
      options: { ...options, widthMultiplier: 1 / 32 },
      ladders: laddersOf(
        {
          recipe: { ...sgdRecipe(20, [10, 15], 50), evaluateEvery: 20 },
          rounds: [10],
          reinitRounds: [10],
          keepAt: [],
        },
        { learningRate: LEARNING_RATE, warmup: 2 },
      ),
    },
    deviations: [
      'VGG-11 with a thirty-second of its channels instead of VGG-19, 20 iterations on 500 made-up images: to see that everything works',
      "ten of the paper's rounds of pruning are taken in one",
    ],
  },
  small: {
    seeds: 3,
    ...sharedBy(small),
    network: {
      name: 'vgg-11',
      options: { ...options, widthMultiplier: 0.25 },
      ladders: laddersOf(
        {
          recipe: { ...sgdRecipe(20 * EPOCH, [10 * EPOCH, 15 * EPOCH], 128), evaluateEvery: 5 * EPOCH },
          rounds: [2, 4, 6, 8, 10],
          reinitRounds: [10],
          keepAt: [],
        },
        // 10,000 of 112,480 iterations in the paper.
        { learningRate: LEARNING_RATE, warmup: 139 },
      ),
    },
    deviations: [
      '10,000 images to train on and 2,500 to validate on instead of 45,000 and 5,000',
      'VGG-11 with a quarter of its channels instead of VGG-19, 20 epochs in batches of 128 with drops of the rate after 10 and 15, warm-up over 139 iterations',
      "two of the paper's rounds of pruning are taken in one: 36% of the weights that are left, down to 10.7%",
      'validated every 5 epochs, so early-stop iterations are coarse',
    ],
  },
  paper: {
    seeds: 5,
    ...sharedBy(paper),
    network: {
      name: 'vgg-19',
      options,
      ladders: laddersOf(
        { ...rewound(paper, 'vgg-19'), ...everyRound },
        { learningRate: LEARNING_RATE, warmup: 10_000 },
      ),
    },
  },
}

export const vgg = deepExperiment({
  name: 'imp-vgg',
  title: 'The Lottery Ticket Hypothesis: VGG and rates of learning',
  profiles: vggProfiles,
})
