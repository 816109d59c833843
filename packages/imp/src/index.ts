/** Frankle & Carbin, The Lottery Ticket Hypothesis (ICLR 2019): iterative magnitude pruning with resetting and rewinding. */
import type { Method } from '@winning-tickets/core'
import { imp } from './imp.js'

export { iterativeMagnitudePruning, type Lab, type Level, type Plan, type Start } from './algorithm.js'
export { directLab, type Lazy, resolveStart } from './direct.js'
export { findLevels } from './imp.js'
export {
  type ImpOptions,
  type ImpOptionsInput,
  impOptions,
  impOptionsSchema,
  impPlan,
  levelTarget,
  optionsTo,
} from './options.js'
export { type LevelStart, levelTicket } from './ticket.js'
export { imp }

/** What this package adds to the commands. */
export const methods: readonly Method[] = [imp]
