/** Graphs of training and evaluation, which an engine compiles once and keeps for a while. */
export { compiledOnce } from './cache.js'
export { compileEvaluation, compileTraining, evaluationGraph } from './compile.js'
export { type StepConfig, stepSignature, trainStep } from './step.js'
export { type TraceConfig, type TraceHashes, trainTraceHashes } from './trace-hashes.js'
