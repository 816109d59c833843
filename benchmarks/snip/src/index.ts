/** SNIP (Lee et al. 2019) as a benchmark: what its paper claims of networks before they are trained. */
import { type Benchmark, type StageKind, scoreKind, sharedKinds } from '@winning-tickets/harness'
import { claims } from './claims.js'
import { snip } from './experiments.js'

export const benchmark: Benchmark = {
  experiments: [snip],
  claims,
  kinds: [...sharedKinds, scoreKind as StageKind],
}
