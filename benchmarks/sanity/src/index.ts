/** Questions that all papers must answer to, as a benchmark: so far what networks learn early. */
import { type Benchmark, type StageKind, sharedKinds } from '@winning-tickets/harness'
import { early } from './early.js'
import { earlyClaims } from './early-claims.js'
import { snapshotKind } from './snapshot-stage.js'

export const benchmark: Benchmark = {
  experiments: [early],
  claims: earlyClaims,
  kinds: [...sharedKinds, snapshotKind as StageKind],
}
