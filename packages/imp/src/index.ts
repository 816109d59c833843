/** Frankle & Carbin, The Lottery Ticket Hypothesis (ICLR 2019): iterative magnitude pruning with resetting and rewinding. */
export { iterativeMagnitudePruning, type Lab, type Level, type Plan, type Start } from './algorithm.js'
export { directLab, type Lazy, resolveStart } from './direct.js'
export { findLevels, imp } from './imp.js'
export {
  type ImpOptions,
  type ImpOptionsInput,
  impOptions,
  impOptionsSchema,
  impPlan,
  levelTarget,
} from './options.js'
export { type LevelStart, levelTicket, pruneByMagnitude } from './prune.js'
