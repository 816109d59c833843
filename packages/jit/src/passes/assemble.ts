/** Passes as WebAssembly: each a loop that loads four elements of its tensors, computes in registers, and stores. */
import type { Value } from '../trace/graph.js'
import type { Pass, PassKernel, Split } from './split.js'
import { moduleBytes, PAGE_BYTES, wasm } from './wasm.js'

const LANES = 4
const VECTOR_BYTES = 4 * LANES
/** Tensors begin at cache lines of their own; a pass may write what lies between its last element and the next line. */
const LINE_BYTES = 64

/** The only local that is no vector: where the pass is, in bytes from the beginning of each tensor. */
const OFFSET = 0

const INSTRUCTIONS: Readonly<Record<PassKernel, readonly number[]>> = {
  Add: wasm.add,
  Sub: wasm.sub,
  Multiply: wasm.mul,
  RealDiv: wasm.div,
  Sqrt: wasm.sqrt,
  Square: wasm.mul,
  Neg: wasm.neg,
}

/** Instructions of one pass, and how many vectors they hold. */
function passCode(
  { size, nodes, writes }: Pass,
  { read }: Split,
  addressOf: (name: string) => number,
): { code: number[]; vectors: number } {
  const locals = new Map<Value, number>()
  const keep = (value: Value) => {
    locals.set(value, OFFSET + 1 + locals.size)
    return wasm.setLocal(locals.get(value)!)
  }
  const get = (value: Value) => wasm.getLocal(locals.get(value)!)
  const at = wasm.getLocal(OFFSET)

  const once: number[] = []
  const body: number[] = []
  const made = new Set(nodes.flatMap(({ outputs }) => outputs))
  for (const x of new Set(nodes.flatMap(({ inputs }) => inputs))) {
    if (made.has(x)) continue
    if (x.node.op === 'Fill') once.push(...wasm.splat(Number(x.node.attrs.value)), ...keep(x))
    else if (x.shape.length === 0) once.push(...wasm.i32(0), ...wasm.loadSplat(addressOf(read.get(x)!)), ...keep(x))
    else body.push(...at, ...wasm.load(addressOf(read.get(x)!)), ...keep(x))
  }
  for (const { op, inputs, outputs } of nodes) {
    const operands = op === 'Square' ? [...inputs, ...inputs] : inputs
    body.push(...operands.flatMap(get), ...INSTRUCTIONS[op as PassKernel], ...keep(outputs[0]!))
  }
  for (const [name, value] of writes) body.push(...at, ...get(value), ...wasm.store(addressOf(name)))
  const end = VECTOR_BYTES * Math.ceil(size / LANES)
  body.push(
    ...at,
    ...wasm.i32(VECTOR_BYTES),
    ...wasm.i32Add,
    ...wasm.teeLocal(OFFSET),
    ...wasm.i32(end),
    ...wasm.i32Less,
  )
  return { code: [...once, ...wasm.i32(0), ...wasm.setLocal(OFFSET), ...wasm.loop(body)], vectors: locals.size }
}

export interface SharedMemory {
  readonly memory: WebAssembly.Memory
  readonly addresses: ReadonlyMap<string, number>
}

/**
 * Memory with room for tensors of the given sizes in bytes, and where they lie; undefined if the process cannot have it. V8
 * sets aside some 10 GiB of addresses for each memory, however small, which a limit such as `ulimit -v` may not allow.
 */
export function memoryFor(sizes: ReadonlyMap<string, number>): SharedMemory | undefined {
  const addresses = new Map<string, number>()
  let end = 0
  for (const [name, bytes] of sizes) {
    addresses.set(name, end)
    end += LINE_BYTES * Math.ceil(bytes / LINE_BYTES)
  }
  try {
    return { memory: new WebAssembly.Memory({ initial: Math.ceil(end / PAGE_BYTES) }), addresses }
  } catch {
    return undefined
  }
}

/**
 * All passes of a split as one function.
 *
 * @param memory holds, at the given address of each name, what the passes read and the carry, which they write in place
 */
export function assemble(split: Split, memory: WebAssembly.Memory, addresses: ReadonlyMap<string, number>): () => void {
  const passes = split.passes.map((pass) => passCode(pass, split, (name) => addresses.get(name)!))
  const bytes = moduleBytes(
    passes.flatMap(({ code }) => code),
    Math.max(...passes.map(({ vectors }) => vectors)),
  )
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } }).exports.run
}
