/** Methods: how tickets are found. */
export type { Method, MethodContext, ScoreContext, ScoringMethod, ScoringOptions } from './method.js'
export { evenTarget, exponentialDensities, type ScoringMethodDefinition, scoringMethod } from './scoring.js'
