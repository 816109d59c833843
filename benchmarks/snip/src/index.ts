/** SNIP (Lee et al. 2019) as a benchmark: what its paper claims of networks before they are trained, and of random labels. */
import { type Benchmark, fitKind, maskKind, type StageKind, scoreKind, sharedKinds } from '@winning-tickets/harness'
import { claims } from './claims.js'
import { snip } from './experiments.js'
import { labels } from './labels.js'
import { snip7b } from './labels-claim.js'

export const benchmark: Benchmark = {
  experiments: [snip, labels],
  claims: [...claims, snip7b],
  kinds: [...sharedKinds, scoreKind as StageKind, maskKind as StageKind, fitKind as StageKind],
}
