/**
 * Calls whose outputs are written into arrays of the caller and copied nowhere. onnxruntime-node lets ONNX Runtime write into
 * arrays that it is given for outputs, but then makes copies of them all to return: a tenth of a millisecond for a megabyte,
 * and garbage that keeps another core busy. A model whose first output is a sequence, which onnxruntime-node cannot return, runs
 * to its end and is then refused before anything is copied.
 */
import * as ort from 'onnxruntime-node'
import { CALL_INPUT, lowerInPlace, OUTPUT, REFUSED } from '../lower/lower.js'
import type { tf } from '../tf.js'
import { trace } from '../trace/trace.js'
import type { TensorFunction } from '../types.js'
import { sessionOptions } from './session-options.js'

export type Tensors = Readonly<Record<string, ort.Tensor>>

const REFUSAL = 'Non tensor type is temporarily not supported.'

/**
 * Runs a model of `lowerInPlace` once.
 *
 * @param outputs all of them but the first, under the names of the model; their arrays are written
 */
export async function runInPlace(session: ort.InferenceSession, inputs: Tensors, outputs: Tensors): Promise<void> {
  try {
    await session.run(inputs, { [REFUSED]: null, ...outputs })
  } catch (error) {
    if (!(error instanceof Error && error.message === REFUSAL)) throw error
  }
}

let found: Promise<boolean> | undefined

/** Whether the installed onnxruntime-node works as described above. Asked for once a process. */
export function inPlaceWorks(): Promise<boolean> {
  found ??= probe()
  return found
}

const plusOne: TensorFunction = ({ x }) => ({ y: (x as tf.Tensor).add(1) })

async function probe(): Promise<boolean> {
  const shape = [2]
  const model = lowerInPlace(trace(plusOne, { x: { shape, dtype: 'float32' } }))
  const written = new Float32Array(2)
  const inputs = { [`${CALL_INPUT}x`]: new ort.Tensor('float32', Float32Array.of(1, 2), shape) }
  const outputs = { [`${OUTPUT}y`]: new ort.Tensor('float32', written, shape) }
  let session: ort.InferenceSession | undefined
  try {
    session = await ort.InferenceSession.create(model, sessionOptions(1))
    await runInPlace(session, inputs, outputs)
    return written[0] === 2 && written[1] === 3
  } catch {
    return false
  } finally {
    await session?.release()
  }
}
