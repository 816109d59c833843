/** The engine that compiles: one ONNX Runtime session for one traced function. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { CALL_INPUT, lowerCall, lowerInPlace, lowerLoop, OUTPUT, STEPS } from '../lower/lower.js'
import { simplify } from '../optimize/simplify.js'
import { splitUpdates } from '../passes/split.js'
import { graphHash } from '../trace/hash.js'
import { outputSpecs, trace, traceStep } from '../trace/trace.js'
import { arrayType, checkedInputs, checkSteps, flatten, isHostArray, isSpec, nest, sizeOf } from '../tree.js'
import type {
  Compiled,
  CompiledLoop,
  Engine,
  EngineOptions,
  HostArray,
  HostTree,
  LoopOutputs,
  LoopSignature,
  Precision,
  SpecTree,
  StepFunction,
  TensorFunction,
  TensorSpec,
} from '../types.js'
import { blockSize } from './block-size.js'
import { inPlaceWorks, runInPlace } from './in-place.js'
import { sessionOptions } from './session-options.js'
import { sharedTensors, stepwise } from './stepwise.js'

type Specs = Map<string, TensorSpec>

/** One checked array as a tensor with its dimensions; nothing is copied. */
const fed = (array: HostArray, dtype: TensorSpec['dtype'], dims: readonly number[]) =>
  new ort.Tensor((array instanceof Float64Array ? 'float64' : dtype) as 'float32', array as Float32Array, dims)

/** The inputs (of the prefix CALL_INPUT) or the outputs (OUTPUT) of a call as its session knows them. */
function callTensors(prefix: string, arrays: Map<string, HostArray>, specs: Specs): Record<string, ort.Tensor> {
  const entries = [...arrays].map(([name, array]) => {
    const { shape, dtype } = specs.get(name)!
    return [prefix + name, fed(array, dtype, shape)]
  })
  return Object.fromEntries(entries)
}

/** An array for each output: the given one if it fits, else a fresh one. */
function outputArrays(specs: Specs, precision: Precision, given: HostTree): Map<string, HostArray> {
  const old = flatten<HostArray>(given, isHostArray)
  return new Map(
    [...specs].map(([name, { shape, dtype }]): [string, HostArray] => {
      const [Wanted, size] = [arrayType(dtype, precision), sizeOf(shape)]
      const array = old.get(name)
      return [name, array instanceof Wanted && array.length === size ? array : new Wanted(size)]
    }),
  )
}

/** Feeds of a loop's session. */
function loopFeeds(arrays: Map<string, HostArray>, specs: Specs, steps: number): Record<string, ort.Tensor> {
  const entries = [...arrays].map(([name, array]) => {
    const { shape, dtype } = specs.get(name)!
    return [name, fed(array, dtype, name.startsWith('each/') ? [steps, ...shape] : shape)]
  })
  const count = new ort.Tensor('int64', BigInt64Array.of(BigInt(steps)), [])
  return { ...Object.fromEntries(entries), [STEPS]: count }
}

/** What a session gave, under the names of the traced graph. */
function fetched(results: ort.InferenceSession.OnnxValueMapType): Map<string, HostArray> {
  const entries = Object.entries(results).map(([name, { data }]): [string, HostArray] => [
    name.slice(OUTPUT.length),
    data as HostArray,
  ])
  return new Map(entries)
}

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }

export async function onnxRuntimeEngine({
  threads = 1,
  precision = 'float32',
  layout = 'auto',
  updates = 'auto',
}: EngineOptions): Promise<Engine> {
  const block = precision === 'float64' || layout === 'standard' ? 0 : await blockSize()
  const inPlace = await inPlaceWorks()
  const passes = updates !== 'graph' && precision === 'float32' && inPlace
  // Weakly, so that what nobody holds any more gives its memory back with the garbage collector.
  const sessions = new Set<WeakRef<ort.InferenceSession>>()

  async function open(model: Uint8Array, hash: string) {
    const dump = process.env.DUMP_ONNX
    if (dump) {
      mkdirSync(dump, { recursive: true })
      writeFileSync(join(dump, `${hash.slice(0, 16)}.onnx`), model)
    }
    const session = await ort.InferenceSession.create(model, sessionOptions(threads))
    const reference = new WeakRef(session)
    sessions.add(reference)
    return { session, close: () => close(reference) }
  }

  async function close(reference: WeakRef<ort.InferenceSession>): Promise<void> {
    if (sessions.delete(reference)) await reference.deref()?.release()
  }

  const lowering = { precision, block }

  return {
    name: 'onnxruntime',
    threads,
    description: `onnxruntime-node ${version}, cpu, ${threads} thread${threads === 1 ? '' : 's'}${precision === 'float64' ? ', float64' : block > 0 ? `, blocks of ${block}` : ''}`,

    async compile(fn: TensorFunction, signature: SpecTree): Promise<Compiled> {
      const graph = trace(fn, signature)
      const hash = graphHash(graph)
      const { session, close: dispose } = await open((inPlace ? lowerInPlace : lowerCall)(graph, lowering), hash)
      const specs = flatten(signature, isSpec)
      const outputs = outputSpecs(graph)
      const outSpecs = flatten(outputs, isSpec)
      /** Arrays in which inputs become doubles, of calls that have ended: fresh ones would take as long as the conversion. */
      const spare: Map<string, Float64Array>[] = []
      return {
        inputs: signature,
        outputs,
        traceHash: hash,
        async run(inputs, into = {}) {
          const doubles = spare.pop() ?? new Map<string, Float64Array>()
          const feeds = callTensors(CALL_INPUT, checkedInputs(signature, inputs, 'run', 1, precision, doubles), specs)
          const arrays = inPlace ? outputArrays(outSpecs, precision, into) : undefined
          if (arrays) await runInPlace(session, feeds, callTensors(OUTPUT, arrays, outSpecs))
          const results = arrays ?? fetched(await session.run(feeds))
          spare.push(doubles)
          return nest(results)
        },
        dispose,
      }
    },

    async compileLoop(step: StepFunction, signature: LoopSignature): Promise<CompiledLoop> {
      const graph = traceStep(step, signature)
      const hash = graphHash(graph)
      const simple = simplify(graph, precision)
      const split = passes ? splitUpdates(simple, updates === 'passes' ? 1 : undefined) : undefined
      const shared = split && sharedTensors(simple, split)
      const { session, close: dispose } = await open(
        shared ? lowerInPlace(split.rest, lowering) : lowerLoop(graph, lowering),
        hash,
      )
      const { carry, each, resident } = signature
      const specs = flatten({ carry, each, resident }, isSpec)
      const whole = async (arrays: Map<string, HostArray>, steps: number) =>
        fetched(await session.run(loopFeeds(arrays, specs, steps)))
      const run = shared ? stepwise(split, shared, session) : whole
      return {
        signature,
        out: outputSpecs(graph, 'out/'),
        traceHash: hash,
        async run(inputs, steps) {
          checkSteps(steps)
          const arrays = new Map([
            ...checkedInputs({ carry }, { carry: inputs.carry }, 'run', 1, precision),
            ...checkedInputs({ each }, { each: inputs.each }, 'run', steps, precision),
            ...checkedInputs({ resident }, { resident: inputs.resident }, 'run', 1, precision),
          ])
          return { carry: {}, out: {}, ...(nest(await run(arrays, steps)) as Partial<LoopOutputs>) }
        },
        dispose,
      }
    },

    async dispose() {
      await Promise.all([...sessions].map(close))
    },
  }
}
