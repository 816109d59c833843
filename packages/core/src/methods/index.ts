/** Methods: how tickets are found. */
export {
  drawScoringExamples,
  type LossFunction,
  type LossSetting,
  lossGradients,
  meanOverParts,
  type OnLoss,
} from './loss.js'
export { magnitude } from './magnitude.js'
export type { Method, MethodContext, Round, ScoreContext, Scored, ScoredTicket, ScoringMethod } from './method.js'
export {
  batchNormMode,
  type ScoringOptions,
  type ScoringSet,
  scoringOptions,
  scoringSet,
  selection,
} from './options.js'
export { random } from './random.js'
export { coreMethods } from './registry.js'
export { evenTarget, exponentialDensities, type ScoringMethodDefinition, scoringMethod } from './scoring.js'
export { smartRatio, smartRatioCounts } from './smart-ratio.js'
