/** For the tests of this and other packages: a problem that a tiny network learns at once, and one that other programs know. */
export { type BlobOptions, blobs } from './blobs.js'
export { patternedData, patternedWeights } from './patterned.js'
export {
  patternedMethodContext,
  patternedScoreContext,
  type ScoreFixture,
  scoreError,
  smallNets,
  twentyDensities,
} from './scoring.js'
