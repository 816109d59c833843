/** How every session of this process runs. */
import type { InferenceSession } from 'onnxruntime-node'

/**
 * Rewrites of ONNX Runtime that nothing here gains from. They are off since an earlier campaign of random programs blamed
 * them for wrong results; a later one with both on found none.
 */
const UNWANTED = ['Pad_Fusion', 'QuickGeluFusion']

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
    optimization: { disable_specified_optimizers: UNWANTED.join(';') },
  },
})
