/** The Lottery Ticket Hypothesis (Frankle & Carbin 2019) as a benchmark: experiments, kinds of stage, claims. */
import { type Benchmark, sharedKinds } from '@winning-tickets/harness'
import { claims } from './claims.js'
import { conv } from './conv.js'
import { convClaims } from './conv-claims.js'
import { deepClaims } from './deep-claims.js'
import { dropout } from './dropout.js'
import { lenet } from './experiments.js'
import { connectivity } from './lmc.js'
import { connectivityClaims } from './lmc-claims.js'
import { ranking } from './ranking.js'
import { resnet } from './resnet.js'
import { rewind } from './rewind.js'
import { rewindClaims } from './rewind-claims.js'
import { vgg } from './vgg.js'

export const benchmark: Benchmark = {
  experiments: [lenet, conv, rewind, connectivity, dropout, vgg, resnet, ranking],
  claims: [...claims, ...convClaims, ...rewindClaims, ...connectivityClaims, ...deepClaims],
  kinds: sharedKinds,
}
