/**
 * TensorFlow.js, for all packages: `import { tf } from '@winning-tickets/jit'`. What it has is of the very instance that an
 * `import` of '@tensorflow/tfjs' gives, native backends too, but loaded by `require`, and when it is first used: before Node imports a
 * CommonJS package, it reads all of its sources for their exports, which takes half a second of every process that starts; loading
 * it takes a fifth, which a process that traces nothing, such as `tickets --help`, does not spend. It can only be read.
 */
import { createRequire } from 'node:module'
// biome-ignore lint/style/noRestrictedImports: the one place that may.
import type * as tfjs from '@tensorflow/tfjs'

const require = createRequire(import.meta.url)
let loaded: typeof tfjs | undefined

export const tf: typeof tfjs = new Proxy(Object.freeze({}) as typeof tfjs, {
  get(_, name) {
    loaded ??= require('@tensorflow/tfjs') as typeof tfjs
    return Reflect.get(loaded, name)
  },
})

/** The types that we use. */
export declare namespace tf {
  type Tensor<R extends tfjs.Rank = tfjs.Rank> = tfjs.Tensor<R>
  type Scalar = tfjs.Scalar
  type Tensor1D = tfjs.Tensor1D
  type Tensor2D = tfjs.Tensor2D
  type Tensor3D = tfjs.Tensor3D
  type Tensor4D = tfjs.Tensor4D
  type TensorContainer = tfjs.TensorContainer
  type TensorInfo = tfjs.TensorInfo
  type DataType = tfjs.DataType
  type BackendValues = tfjs.BackendValues
  type KernelBackend = tfjs.KernelBackend
  type GradSaveFunc = tfjs.GradSaveFunc
}
