/** Kinds of stage that all papers share. */
import type { StageKind } from '../stage/types.js'
import { trainKind } from './train.js'

export { buildModel, modelSchema } from './setup.js'
export { type TrainConfig, type TrainConfigInput, trainKind } from './train.js'
export { decodeMasks, decodeWeights, encodeMasks, keptByLayer } from './weights.js'

export const sharedKinds: readonly StageKind[] = [trainKind as StageKind]
