/** @winning-tickets/jit: write TensorFlow.js, run ONNX. */
export { createEngine } from './engine.js'
export { EngineError, SignatureError, UnsupportedKernelError } from './errors.js'
export { exportOnnx } from './export.js'
export { tf } from './tf.js'
export { traceHash, traceLoopHash } from './trace/hash.js'
export { arrayType, flatten, isHostArray, isSpec, mapTree, nest, sizeOf } from './tree.js'
export * from './types.js'
