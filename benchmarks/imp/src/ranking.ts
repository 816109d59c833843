/** VGG-19 with warm-up, its convolutions ranked together and layer by layer (LTH-13). */
import { type DeepProfiles, type DeepSettings, deepExperiment } from './deep.js'
import { vggProfiles } from './vgg.js'

/** The ladder of imp-vgg with warm-up, whose stages are shared, and one whose masks rank each layer by itself. */
function byBoth({ network, ...settings }: DeepSettings): DeepSettings {
  const ladders = network.ladders
    .filter(({ rate }) => rate === 'warm-up')
    .map((ladder) => ({ ...ladder, reinitRounds: [], layerwiseRounds: ladder.rounds }))
  return { ...settings, network: { ...network, ladders } }
}

const { smoke, small, paper } = vggProfiles

export const rankingProfiles: DeepProfiles = { smoke: byBoth(smoke), small: byBoth(small), paper: byBoth(paper) }

export const ranking = deepExperiment({
  name: 'imp-ranking',
  title: 'The Lottery Ticket Hypothesis: VGG pruned by global and by layer-wise ranking',
  profiles: rankingProfiles,
})
