/** Tasks: objectives, batch sources, evaluators. */
export {
  type ClassificationData,
  type ClassificationOptions,
  type ClassificationShape,
  classificationObjective,
  classificationOptionsSchema,
  classificationTask,
  splitDataset,
} from './classification.js'
export { crossEntropy } from './cross-entropy.js'
export { type EvaluationSet, setEvaluator } from './evaluator.js'
export { batchOrder, stepsPerEpoch } from './order.js'
export type {
  BatchSource,
  EvaluationGraph,
  Evaluator,
  HostFedSource,
  LossInputs,
  LossOutputs,
  Metrics,
  Objective,
  ResidentSource,
  SourceState,
  SplitName,
  Task,
} from './task.js'
