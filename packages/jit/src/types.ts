/** The contract of the jit: named trees of tensors in, named trees of tensors out, on any engine. */
import type { tf } from './tf.js'

/** A nested record of named leaves. Names are joined with '/' where a flat name is needed ("params/fc1/kernel"). */
export type Tree<Leaf> = { readonly [name: string]: Leaf | Tree<Leaf> }

/**
 * Element types a host array may have. `uint8` is storage only: inside a traced function such a tensor is an ordinary
 * TensorFlow.js `int32` tensor (pixels, tokens, 0/1 flags stay one byte an element outside).
 */
export type DType = 'float32' | 'int32' | 'uint8' | 'bool'

/** Shape and element type of one tensor. */
export interface TensorSpec {
  readonly shape: readonly number[]
  readonly dtype: DType
}

/**
 * Host data of one tensor, row-major: Float32Array for float32, Int32Array for int32, Uint8Array for uint8 and bool. An
 * engine of precision float64 gives Float64Array for float32, and takes both.
 */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint8Array

/** What `float32` stands for in an engine: itself, or doubles. */
export type Precision = 'float32' | 'float64'

export type TensorTree = Tree<tf.Tensor>
export type SpecTree = Tree<TensorSpec>
export type HostTree = Tree<HostArray>

/** A pure TensorFlow.js function on named tensors: no random ops, no reading of values, no side effects. */
export type TensorFunction = (inputs: TensorTree) => TensorTree

/** One function, compiled for one signature. */
export interface Compiled {
  readonly inputs: SpecTree
  readonly outputs: SpecTree
  /** SHA-256 (hex) of the traced graph before lowering; see `traceHash`. */
  readonly traceHash: string
  /**
   * Runs once. Inputs must match the signature; outputs are arrays owned by the caller.
   *
   * @param into outputs of an earlier call, no longer needed and none of the inputs: their arrays may be written again and
   *   returned, since fresh ones of many megabytes take time. By default all are fresh
   */
  run(inputs: HostTree, into?: HostTree): Promise<HostTree>
  dispose(): Promise<void>
}

/**
 * One step of a loop: from the carried tensors, this step's slice of the per-step inputs, and the resident tensors, to
 * the next carry (same names, shapes and types) and this step's outputs.
 */
export type StepFunction = (inputs: { carry: TensorTree; each: TensorTree; resident: TensorTree }) => {
  carry: TensorTree
  out: TensorTree
}

/** Specs of a step's inputs. `each` gives the shape of one step's slice, without the leading steps dimension. */
export interface LoopSignature {
  readonly carry: SpecTree
  readonly each: SpecTree
  readonly resident: SpecTree
}

/** Host data of one call: `each` arrays have a leading dimension of `steps`, which they determine together. */
export interface LoopInputs {
  readonly carry: HostTree
  readonly each: HostTree
  readonly resident: HostTree
}

/** The carry after the last step, and every step's outputs stacked along a new leading dimension. */
export interface LoopOutputs {
  readonly carry: HostTree
  readonly out: HostTree
}

/** A training step compiled into one graph that runs many steps a call with the data set resident. */
export interface CompiledLoop {
  readonly signature: LoopSignature
  /** Specs of one step's outputs. */
  readonly out: SpecTree
  readonly traceHash: string
  /** Runs `steps` steps (at least 1). Inputs must not change before it ends: the onnxruntime engine copies no resident array. */
  run(inputs: LoopInputs, steps: number): Promise<LoopOutputs>
  dispose(): Promise<void>
}

/** What computes. Create one with `createEngine`. */
export interface Engine {
  readonly name: 'onnxruntime' | 'tensorflow'
  /** For records: library versions, backend, threads. Never part of a stage id. */
  readonly description: string
  /** Threads inside one operator, where the engine is told. */
  readonly threads?: number
  compile(fn: TensorFunction, signature: SpecTree): Promise<Compiled>
  compileLoop(step: StepFunction, signature: LoopSignature): Promise<CompiledLoop>
  dispose(): Promise<void>
}

export interface EngineOptions {
  /** Default `onnxruntime`. */
  readonly name?: 'onnxruntime' | 'tensorflow'
  /**
   * Default float32. With float64 the `onnxruntime` engine computes the same traces in doubles, slowly: for oracles and
   * scores. Constants inside a function are still the single-precision numbers that TensorFlow.js makes of them.
   */
  readonly precision?: Precision
  /**
   * How the `onnxruntime` engine lays out images: `auto` (default) in ONNX Runtime's blocked layout where this machine has
   * it, where a step of ResNet-20 takes a third less time; `standard` in ONNX's own. Results differ in the last bits.
   */
  readonly layout?: 'auto' | 'standard'
  /**
   * Where the loops of the `onnxruntime` engine update weights: in the ONNX graph (`graph`), in passes over memory of our own
   * outside of it wherever that can be done (`passes`), or there where it is faster, for large dense networks (`auto`, the
   * default). The bits are the same.
   */
  readonly updates?: 'auto' | 'graph' | 'passes'
  /** Threads inside one operator; default 1 (one worker process a core is faster than one process on all cores). */
  readonly threads?: number
  /** Backend of the `tensorflow` engine; default `cpu`. The other two need their npm package installed. */
  readonly backend?: 'cpu' | 'tfjs-node' | 'tfjs-node-gpu'
}
