/** A loop whose steps ONNX Runtime and passes of our own take in turns, on memory that both of them see. */
import * as ort from 'onnxruntime-node'
import { CALL_INPUT, OUTPUT } from '../lower/lower.js'
import { assemble, memoryFor, type SharedMemory } from '../passes/assemble.js'
import type { Split } from '../passes/split.js'
import type { Graph } from '../trace/graph.js'
import { arrayType, sizeOf } from '../tree.js'
import type { HostArray, TensorSpec } from '../types.js'
import { runInPlace } from './in-place.js'

type Arrays = Map<string, HostArray>

const bytesOf = ({ shape, dtype }: TensorSpec) => sizeOf(shape) * arrayType(dtype).BYTES_PER_ELEMENT
const tensorOn = ({ shape, dtype }: TensorSpec, array: HostArray) =>
  new ort.Tensor(dtype as 'float32', array as Float32Array, shape)
const named = (values: Iterable<string>, prefix: string) => [...values].filter((name) => name.startsWith(prefix))

/** The tensors of a step that the graph and the passes both see. */
export interface SharedTensors extends SharedMemory {
  /** Of resident tensors that only the graph reads, too, which are not shared. */
  readonly specs: ReadonlyMap<string, TensorSpec>
}

/**
 * Memory for the tensors of a split, undefined if the process cannot have it.
 *
 * @param graph of the step, simplified
 */
export function sharedTensors(graph: Graph, { rest, read }: Split): SharedTensors | undefined {
  const passRead = new Set(read.values())
  const specs = new Map<string, TensorSpec>()
  for (const [name, { node, shape, dtype }] of graph.inputs) specs.set(name, { shape, dtype: node.storage ?? dtype })
  for (const [name, { shape, dtype }] of rest.outputs) specs.set(name, { shape, dtype })
  // Of the resident tensors, which may be a whole data set, only what passes read is copied.
  const kept = [...specs].filter(([name]) => !name.startsWith('resident/') || passRead.has(name))
  const shared = memoryFor(new Map(kept.map(([name, spec]) => [name, bytesOf(spec)])))
  return shared && { ...shared, specs }
}

/**
 * @param session of the rest of the split, lowered by `lowerInPlace`
 * @returns a function from the inputs of some steps to the carry after them and the stacked outputs of all
 */
export function stepwise(split: Split, { memory, addresses, specs }: SharedTensors, session: ort.InferenceSession) {
  const { rest, read } = split
  const passRead = new Set(read.values())
  const held: Arrays = new Map()
  for (const [name, address] of addresses) {
    const { shape, dtype } = specs.get(name)!
    held.set(name, new (arrayType(dtype))(memory.buffer, address, sizeOf(shape)))
  }
  const update = assemble(split, memory, addresses)

  const tensor = (name: string, array = held.get(name)!) => tensorOn(specs.get(name)!, array)
  const feeds: Record<string, ort.Tensor> = {}
  for (const name of rest.inputs.keys()) if (held.has(name)) feeds[CALL_INPUT + name] = tensor(name)
  const fetches: Record<string, ort.Tensor> = {}
  for (const name of rest.outputs.keys()) fetches[OUTPUT + name] = tensor(name)
  const [carry, each, next, out] = ['carry/', 'each/', 'next/', 'out/'].map((prefix) => named(held.keys(), prefix))
  const carriedBy = (name: string) => held.get(name.replace('next/', 'carry/'))!

  async function run(inputs: Arrays, steps: number): Promise<Arrays> {
    for (const name of carry!) held.get(name)!.set(inputs.get(name)!)
    for (const name of named(passRead, 'resident/')) held.get(name)!.set(inputs.get(name)!)
    for (const name of named(rest.inputs.keys(), 'resident/')) {
      feeds[CALL_INPUT + name] = tensor(name, inputs.get(name)!)
    }
    const stacked = out!.map((name): [string, HostArray] => {
      const one = held.get(name)!
      return [name, new (one.constructor as new (size: number) => HostArray)(steps * one.length)]
    })
    for (let step = 0; step < steps; step++) {
      for (const name of each!) {
        const one = held.get(name)!
        one.set(inputs.get(name)!.subarray(step * one.length, (step + 1) * one.length))
      }
      await runInPlace(session, feeds, fetches)
      update()
      for (const name of next!) carriedBy(name).set(held.get(name)!)
      for (const [name, all] of stacked) all.set(held.get(name)!, step * held.get(name)!.length)
    }
    return new Map([...carry!.map((name): [string, HostArray] => [name, held.get(name)!.slice()]), ...stacked])
  }

  // One call at a time: all of them use the same memory.
  let last: Promise<unknown> = Promise.resolve()
  return (inputs: Arrays, steps: number): Promise<Arrays> => {
    const result = last.then(() => run(inputs, steps))
    last = result.catch(() => undefined)
    return result
  }
}
