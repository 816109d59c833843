/** Creates engines by name. */
import { EngineError } from './errors.js'
import type { Engine, EngineOptions } from './types.js'

/**
 * @throws EngineError for an unknown engine, or one whose package is not installed
 * @example
 * const engine = await createEngine({ name: 'onnxruntime', threads: 1 })
 * const double = await engine.compile(({ x }) => ({ y: tf.mul(x as tf.Tensor, 2) }), { x: { shape: [3], dtype: 'float32' } })
 * await double.run({ x: Float32Array.of(1, 2, 3) }) // { y: Float32Array [2, 4, 6] }
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { name = 'onnxruntime', threads = 1, precision = 'float32', layout = 'auto', updates = 'auto' } = options
  if (!Number.isInteger(threads) || threads < 1) {
    throw new EngineError(`An engine cannot run on ${threads} threads; pass a whole number of at least 1.`)
  }
  if (precision !== 'float32' && precision !== 'float64') {
    throw new EngineError(`There is no precision '${String(precision)}'; use 'float32' or 'float64'.`)
  }
  if (layout !== 'auto' && layout !== 'standard') {
    throw new EngineError(`There is no layout '${String(layout)}'; use 'auto' or 'standard'.`)
  }
  if (updates !== 'auto' && updates !== 'graph' && updates !== 'passes') {
    throw new EngineError(`There is no place '${String(updates)}' for updates; use 'auto', 'graph' or 'passes'.`)
  }
  if (precision === 'float64' && name === 'tensorflow') {
    throw new EngineError(`TensorFlow.js has no doubles; use the engine 'onnxruntime' for precision 'float64'.`)
  }
  switch (name) {
    case 'onnxruntime':
      return (await import('./run/onnxruntime.js')).onnxRuntimeEngine(options)
    case 'tensorflow':
      return (await import('./run/tensorflow.js')).tensorflowEngine(options)
    default:
      throw new EngineError(`There is no engine '${String(name)}'; use 'onnxruntime' or 'tensorflow'.`)
  }
}
