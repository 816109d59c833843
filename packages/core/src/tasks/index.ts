/** Tasks: objectives, batch sources, evaluators. */
export {
  type Augmentation,
  type AugmentationInput,
  augmentationDraws,
  augmentationInputs,
  augmentationSchema,
  augmentImages,
  type ImageShape,
} from './augment.js'
export {
  type ClassificationData,
  type ClassificationOptions,
  type ClassificationShape,
  type ClassificationTaskOptions,
  classificationConfigSchema,
  classificationObjective,
  classificationOptionsSchema,
  classificationTask,
  residentExamples,
  type SplitDatasetOptions,
  splitDataset,
} from './classification.js'
export { corruptExamples } from './corrupt.js'
export { crossEntropy } from './cross-entropy.js'
export { type EvaluationSet, setEvaluator } from './evaluator.js'
export { highPass, lowPass } from './filter.js'
export { type Normalisation, normalisations } from './normalisation.js'
export { batchOrder, stepsPerEpoch } from './order.js'
export { type Spoil, type SpoilInput, type SpoilSource, spoilSchema, spoiltOrder, withSpoilt } from './spoil.js'
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
  ScoringExamples,
  ScoringLoss,
  ScoringSetSize,
  SourceState,
  SplitName,
  Task,
} from './task.js'
