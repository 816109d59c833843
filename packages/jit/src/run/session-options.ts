/** How every session of this process runs. */
import type { InferenceSession } from 'onnxruntime-node'

/** Rewrites of ONNX Runtime that change a training graph's results. */
const WRONG = ['Pad_Fusion', 'QuickGeluFusion']

/**
 * All sessions share these options: the first one of a process decides for all how it treats denormals.
 *
 * @param threads inside one operator
 */
export const sessionOptions = (threads: number): InferenceSession.SessionOptions => ({
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableCpuMemArena: true,
  enableMemPattern: false,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
  extra: {
    // Moments of weights whose gradient has died decay into denormal numbers, which cost a tenth of the speed.
    session: { set_denormal_as_zero: '1' },
    optimization: { disable_specified_optimizers: WRONG.join(';') },
  },
})
