/** Kinds of stage that all papers share. */
import type { StageKind } from '../stage/types.js'
import { barrierKind } from './barrier.js'
import { pruneKind } from './prune.js'
import { trainKind } from './train.js'

export { type BarrierConfig, type BarrierConfigInput, barrierKind } from './barrier.js'
export { forwardSeconds } from './cost.js'
export { type FitConfig, type FitConfigInput, fitKind } from './fit.js'
export { type MaskConfig, type MaskConfigInput, maskKind, maskStage } from './mask.js'
export { type Planned, type PlannedStart, planningLab, type Training, trainStage } from './planning.js'
export { pruneKind } from './prune.js'
export { type ScoreConfig, type ScoreConfigInput, scoreKind, scoreStage } from './score.js'
export { densitiesAt, type ScoredArm, scoredCells, scoredGrid } from './score-cells.js'
export { tracedScoring } from './score-graphs.js'
export { leastWhole } from './score-measures.js'
export {
  buildModel,
  dataHashOf,
  dataSchema,
  engineOf,
  evaluationHashOf,
  modelSchema,
  objectiveOf,
  splitsOf,
  taskOf,
} from './setup.js'
export { type TrainConfig, type TrainConfigInput, trainKind } from './train.js'
export { decodeMasks, decodeWeights, encodeMasks, encodeWeights, keptByLayer } from './weights.js'

export const sharedKinds: readonly StageKind[] = [
  trainKind as StageKind,
  barrierKind as StageKind,
  pruneKind as StageKind,
]
export { encodeNeurons, type NeuronSums } from './neurons.js'
