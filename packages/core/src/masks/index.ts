/** Masks: exact selection, densities, application. */
export { connection, isConnected } from './connected.js'
export { magnitudes, pruneByMagnitude } from './magnitude.js'
export {
  checkMasks,
  countKept,
  type DensityRecord,
  denseMasks,
  densityRecord,
  type LayerDensity,
  type MaskedWeights,
  type Masks,
  maskWeights,
} from './masks.js'
export { type Scope, type Scores, select, selectCount, type Target } from './select.js'
export { selectByThreshold, type ThresholdRule } from './threshold.js'
export { keptCount, type ScoreArray, topK } from './top-k.js'
