/** GraSP (Wang et al. 2020) as a benchmark: what its paper claims of networks before they are trained. */
import { type Benchmark, type StageKind, scoreKind, sharedKinds } from '@winning-tickets/harness'
import { claims } from './claims.js'
import { grasp } from './experiments.js'

export const benchmark: Benchmark = {
  experiments: [grasp],
  claims,
  kinds: [...sharedKinds, scoreKind as StageKind],
}
