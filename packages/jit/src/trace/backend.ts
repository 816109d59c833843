/** A TensorFlow.js backend that records kernels into a graph instead of computing. */
import { UnsupportedKernelError } from '../errors.js'
import { tf } from '../tf.js'
import type { HostArray } from '../types.js'
import { refuseCutOffDerivatives } from './gradients.js'
import { type Attribute, makeNode, type Node, type Value, type ValueType } from './graph.js'
import { kernels } from './shapes.js'

export const TRACE_BACKEND = 'winning-tickets-trace'

/** What TensorFlow.js passes around for a tensor's storage: an identity, nothing else. */
type DataId = tf.TensorInfo['dataId']

type Unused = 'time' | 'readToGPU' | 'createTensorFromGPUData' | 'dispose'

/** Has what TensorFlow.js calls of a backend, but extends no class of it, which would load it together with this module. */
class TraceBackend implements Omit<tf.KernelBackend, Unused> {
  private readonly values = new WeakMap<DataId, Value>()

  /** Registers a traced value and returns what TensorFlow.js wants to know of it. */
  adopt(value: Value): tf.TensorInfo {
    const dataId = {}
    this.values.set(dataId, value)
    return { dataId, shape: [...value.shape], dtype: value.dtype }
  }

  lookup(info: Pick<tf.TensorInfo, 'dataId'>): Value {
    const value = this.values.get(info.dataId)
    if (!value) throw new Error('A traced function used a tensor that was made outside of it; pass it as an input.')
    return value
  }

  /** Constants made inside the function arrive here; uniform ones stay symbolic so that they never bloat the graph. */
  write(data: tf.BackendValues, shape: number[], dtype: tf.DataType): DataId {
    const node = constant(data, shape, dtype)
    const dataId = {}
    this.values.set(dataId, node.outputs[0]!)
    return dataId
  }

  move(): void {
    throw new Error('A traced function used a tensor that was made outside of it; pass it as an input.')
  }

  readSync(): never {
    throw new Error(
      'A traced function read the value of a tensor; compute with tensors only, and return what you need.',
    )
  }

  async read(): Promise<never> {
    return this.readSync()
  }

  disposeData(): boolean {
    return true
  }
  incRef(): void {}
  decRef(): void {}
  refCount(): number {
    return 1
  }
  numDataIds(): number {
    return 0
  }
  memory() {
    return { unreliable: true }
  }
  timerAvailable(): boolean {
    return false
  }
  floatPrecision(): 32 {
    return 32
  }
  epsilon(): number {
    return 1e-7
  }
}

interface Uniform {
  readonly shape: readonly number[]
  readonly value: number
  readonly dtype: ValueType
}

/** A uniform tensor, by whatever way TensorFlow.js came to it: one node, and one hash. */
const filled = ({ shape, value, dtype }: Uniform): Node =>
  makeNode('Fill', [], { shape: [...shape], value, dtype }, [{ shape, dtype }])

function constant(data: tf.BackendValues, shape: readonly number[], dtype: tf.DataType): Node {
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    throw new Error(`A traced function made a constant of type ${dtype}; only float32, int32 and bool compile.`)
  }
  const numbers = data as ArrayLike<number>
  const output = [{ shape, dtype }]
  const value = Number(numbers[0])
  // Most constants are large and uniform: one comparison an element, and Object.is only where it decides: for zeros and NaN.
  let i = 0
  while (i < numbers.length && ((value !== 0 && numbers[i] === value) || Object.is(Number(numbers[i]), value))) i++
  if (numbers.length > 0 && i === numbers.length) return filled({ shape, value, dtype })
  const Type = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array
  return makeNode('Constant', [], {}, output, { data: Type.from(numbers) as HostArray })
}

/** The op that called the kernel, and the line that called the op: the frames around the border to TensorFlow.js. */
function caller(): string {
  const frames = (new Error().stack ?? '').split('\n').slice(1)
  const ours = frames.findIndex((frame) => !/node_modules|\/trace\/|node:internal/.test(frame))
  if (ours < 1) return 'TensorFlow.js'
  const op = /at (?:\w+\.)?(\w+)/.exec(frames[ours - 1]!)?.[1] ?? 'an op'
  return `${op.replace(/_+op$/, '')} (${frames[ours]!.trim()})`
}

const backend = new TraceBackend()
let ready = false

/** Registers the backend and its kernels once; every kernel that only `cpu` knows becomes a clear error. */
export function traceBackend(): TraceBackend {
  if (ready) return backend
  ready = true
  tf.registerBackend(TRACE_BACKEND, () => backend as unknown as tf.KernelBackend, 0)
  for (const [kernelName, infer] of kernels) {
    tf.registerKernel({
      kernelName,
      backendName: TRACE_BACKEND,
      kernelFunc: ({ inputs, attrs }) => {
        refuseCutOffDerivatives()
        const named = Object.entries(inputs).filter(([, input]) => input != null) as [string, tf.TensorInfo][]
        const values = named.map(([, input]) => backend.lookup(input))
        const outputs = infer(values, (attrs ?? {}) as Record<string, unknown>)
        if (!outputs)
          throw new UnsupportedKernelError(
            kernelName,
            values.map(({ shape }) => shape),
            caller(),
            values.map(({ dtype }) => dtype),
          )
        const inputNames = named.map(([name]) => name)
        const node =
          kernelName === 'Fill'
            ? filled(attrs as unknown as Uniform)
            : makeNode(kernelName, values, clean(attrs), outputs, { inputNames })
        const infos = node.outputs.map((value) => backend.adopt(value))
        return infos.length === 1 && !['Unpack', 'SplitV'].includes(kernelName) ? infos[0]! : infos
      },
    })
  }
  tf.registerKernel({
    kernelName: 'Range',
    backendName: TRACE_BACKEND,
    kernelFunc: ({ attrs }) => {
      const { start, stop, step, dtype } = attrs as { start: number; stop: number; step: number; dtype: tf.DataType }
      const data = Float64Array.from(
        { length: Math.max(0, Math.ceil((stop - start) / step)) },
        (_, i) => start + i * step,
      )
      return backend.adopt(constant(data as unknown as tf.BackendValues, [data.length], dtype).outputs[0]!)
    },
  })
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    if (kernels.has(kernelName) || kernelName === 'Range') continue
    tf.registerKernel({
      kernelName,
      backendName: TRACE_BACKEND,
      kernelFunc: ({ inputs }) => {
        const shapes = Object.values(inputs).flatMap((input) => (input ? [(input as tf.TensorInfo).shape] : []))
        throw new UnsupportedKernelError(kernelName, shapes, caller())
      },
    })
  }
  return backend
}

/** Attributes as plain, copied data without undefined entries, in alphabetical order. */
function clean(attrs: unknown): Record<string, Attribute> {
  const entries = Object.entries((attrs ?? {}) as Record<string, Attribute>)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, structuredClone(value)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A traced input of the given storage type, as a TensorFlow.js tensor. */
export function inputTensor(name: string, shape: readonly number[], storage: Node['storage']): tf.Tensor {
  const dtype: ValueType = storage === 'uint8' ? 'int32' : (storage ?? 'float32')
  const node = makeNode('Input', [], { name }, [{ shape, dtype }], { storage })
  return tf.engine().makeTensorFromTensorInfo(traceBackend().adopt(node.outputs[0]!))
}
