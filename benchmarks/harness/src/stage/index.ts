/** Stages: pure functions with content-derived ids. */
export { createStage, parseConfig, type StageOptions, stageId, stageIdentity } from './create.js'
export { canonicalJson, type Json, type JsonObject, toJsonObject } from './json.js'
export type {
  Cache,
  Cost,
  Identity,
  Progress,
  Stage,
  StageContext,
  StageIdentity,
  StageInput,
  StageKind,
  StageOutcome,
} from './types.js'
