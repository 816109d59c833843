/** Training a ticket by a recipe. */

export { CheckpointError } from './checkpoint.js'
export type {
  CheckpointOptions,
  Curves,
  Progress,
  Snapshot,
  SplitMetrics,
  TrainOptions,
  TrainResult,
} from './result.js'
export { train } from './train.js'
