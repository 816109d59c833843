/** The engine that interprets: TensorFlow.js runs the function eagerly. Its `cpu` backend is the reference. */
import { EngineError } from '../errors.js'
import { tf } from '../tf.js'
import { registerSecondDerivatives } from '../trace/gradients.js'
import { graphHash } from '../trace/hash.js'
import { outputSpecs, trace, traceStep } from '../trace/trace.js'
import { arrayType, checkedInputs, checkSteps, flatten, isSpec, mapTree, nest, sizeOf } from '../tree.js'
import type {
  Compiled,
  CompiledLoop,
  Engine,
  EngineOptions,
  HostArray,
  SpecTree,
  TensorSpec,
  TensorTree,
} from '../types.js'

type Backend = NonNullable<EngineOptions['backend']>

const isTensor = (node: tf.Tensor | TensorTree): node is tf.Tensor => node instanceof tf.Tensor

/** Loads the package of a native backend (it registers itself as 'tensorflow') and returns TensorFlow.js's name for it. */
async function load(backend: Backend): Promise<string> {
  if (backend === 'cpu') return 'cpu'
  const name = `@tensorflow/${backend}`
  try {
    await import(name)
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new EngineError(
      `The backend '${backend}' needs the package ${name}, which did not load (${why}); npm install it, or use 'cpu'.`,
    )
  }
  return 'tensorflow'
}

/**
 * The same values in tensors of their own (clones share storage). A step may return one tensor twice, or one that it was
 * given; with a handle for each name, each can be disposed of by itself.
 */
const owned = (tree: TensorTree): TensorTree =>
  mapTree<tf.Tensor, tf.Tensor>(tree, isTensor, (tensor) => tensor.clone())

function upload(array: HostArray, { shape, dtype }: TensorSpec): tf.Tensor {
  const data = dtype === 'uint8' ? Int32Array.from(array) : array.slice()
  return tf.tensor(data, [...shape], dtype === 'uint8' ? 'int32' : dtype)
}

async function download(tensor: tf.Tensor, dtype: TensorSpec['dtype']): Promise<HostArray> {
  return arrayType(dtype).from((await tensor.data()) as ArrayLike<number>)
}

export async function tensorflowEngine({ backend = 'cpu' }: EngineOptions): Promise<Engine> {
  const name = await load(backend)
  registerSecondDerivatives()

  /**
   * Large resident arrays are uploaded once, for each shape and type they are used as, and kept until the engine is
   * disposed; so their contents must not change before that.
   */
  const uploaded = new Map<HostArray, Map<string, tf.Tensor>>()
  function keep(array: HostArray, spec: TensorSpec): tf.Tensor {
    const forms = uploaded.get(array) ?? new Map<string, tf.Tensor>()
    uploaded.set(array, forms)
    const form = `${spec.dtype}[${spec.shape}]`
    const tensor = forms.get(form) ?? tf.keep(upload(array, spec))
    forms.set(form, tensor)
    return tensor
  }

  async function use(): Promise<void> {
    if (!(await tf.setBackend(name)))
      throw new EngineError(`TensorFlow.js could not start the backend '${backend}'; use 'cpu'.`)
  }

  return {
    name: 'tensorflow',
    description: `@tensorflow/tfjs ${tf.version.tfjs}, ${backend}`,

    async compile(fn, signature): Promise<Compiled> {
      const graph = trace(fn, signature)
      const outputs = outputSpecs(graph)
      const specs = flatten(outputs, isSpec)
      return {
        inputs: signature,
        outputs,
        traceHash: graphHash(graph),
        async run(inputs) {
          const arrays = checkedInputs(signature, inputs, 'run')
          await use()
          const results = tf.tidy(() => {
            const tensors = mapTree<TensorSpec, tf.Tensor>(signature, isSpec, (spec, leaf) =>
              upload(arrays.get(leaf)!, spec),
            )
            return Object.fromEntries(flatten<tf.Tensor>(fn(tensors), isTensor))
          })
          return nest(await downloadAll(new Map(Object.entries(results)), specs))
        },
        async dispose() {},
      }
    },

    async compileLoop(step, signature): Promise<CompiledLoop> {
      const graph = traceStep(step, signature)
      const { carry, each, resident } = signature
      const out = outputSpecs(graph, 'out/')
      const outSpecs = flatten(out, isSpec)
      return {
        signature,
        out,
        traceHash: graphHash(graph),
        async run(inputs, steps) {
          checkSteps(steps)
          const carried = checkedInputs(carry, inputs.carry, 'run: carry')
          const stacked = checkedInputs(each, inputs.each, 'run: each', steps)
          const kept = checkedInputs(resident, inputs.resident, 'run: resident')
          await use()
          const tree = (specs: SpecTree, leaf: (spec: TensorSpec, name: string) => tf.Tensor) =>
            mapTree(specs, isSpec, leaf)
          const residents = tree(resident, (spec, leaf) => keep(kept.get(leaf)!, spec))
          let state = tree(carry, (spec, leaf) => upload(carried.get(leaf)!, spec)) as TensorTree
          const columns = new Map(
            [...outSpecs].map(([leaf, { shape, dtype }]) => [leaf, new (arrayType(dtype))(sizeOf(shape) * steps)]),
          )
          for (let i = 0; i < steps; i++) {
            const before = flatten<tf.Tensor>(state, isTensor)
            const next = tf.tidy(() => {
              const slices = tree(each, (spec, leaf) => {
                const size = sizeOf(spec.shape)
                return upload(stacked.get(leaf)!.subarray(i * size, (i + 1) * size), spec)
              })
              const { carry: moved, out: seen } = step({ carry: state, each: slices, resident: residents })
              return { carry: owned(moved), out: owned(seen) } as tf.TensorContainer
            }) as { carry: TensorTree; out: TensorTree }
            for (const tensor of before.values()) tensor.dispose()
            for (const [leaf, tensor] of flatten<tf.Tensor>(next.out, isTensor)) {
              const { shape, dtype } = outSpecs.get(leaf)!
              columns.get(leaf)!.set(await download(tensor, dtype), i * sizeOf(shape))
              tensor.dispose()
            }
            state = next.carry
          }
          const last = await downloadAll(flatten<tf.Tensor>(state, isTensor), flatten(carry, isSpec))
          return { carry: nest(last), out: nest(columns) }
        },
        async dispose() {},
      }
    },

    async dispose() {
      for (const forms of uploaded.values()) for (const tensor of forms.values()) tensor.dispose()
      uploaded.clear()
    },
  }
}

async function downloadAll(
  tensors: Map<string, tf.Tensor>,
  specs: Map<string, TensorSpec>,
): Promise<Map<string, HostArray>> {
  const arrays = new Map<string, HostArray>()
  for (const [name, tensor] of tensors) arrays.set(name, await download(tensor, specs.get(name)!.dtype))
  for (const tensor of new Set(tensors.values())) tensor.dispose()
  return arrays
}
