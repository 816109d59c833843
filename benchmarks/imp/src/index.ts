/** The Lottery Ticket Hypothesis (Frankle & Carbin 2019) as a benchmark: experiments, kinds of stage, claims. */
import { type Benchmark, type StageKind, sharedKinds } from '@winning-tickets/harness'
import { claims } from './claims.js'
import { lenet } from './experiments.js'
import { pruneKind } from './prune-stage.js'

export const benchmark: Benchmark = {
  experiments: [lenet],
  claims,
  kinds: [...sharedKinds, pruneKind as StageKind],
}
