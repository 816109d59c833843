/** Graphs of training and evaluation, compiled once an engine. */
export { compiledOnce } from './cache.js'
export { compileEvaluation, compileTraining, evaluationGraph } from './compile.js'
export { type StepConfig, stepSignature, trainStep } from './step.js'
export { type TraceConfig, type TraceHashes, trainTraceHashes } from './trace-hashes.js'
