/** SynFlow (Tanaka et al. 2020) as a benchmark: what its paper claims of networks before they are trained. */
import { type Benchmark, type StageKind, scoreKind, sharedKinds } from '@winning-tickets/harness'
import { claims } from './claims.js'
import { conservation } from './conservation.js'
import { conservationKind } from './conservation-stage.js'
import { data } from './data.js'
import { magnitudes } from './magnitudes.js'
import { magnitudesKind } from './magnitudes-stage.js'
import { rounds, sweep } from './sweep.js'

export const benchmark: Benchmark = {
  experiments: [sweep, rounds, conservation, data, magnitudes],
  claims,
  kinds: [...sharedKinds, scoreKind as StageKind, conservationKind as StageKind, magnitudesKind as StageKind],
}
