/** Traces a TensorFlow.js function once, on symbolic tensors, into a graph. */
import { tf } from '../tf.js'
import { flatten, isSpec, kindOf, mapTree, nest } from '../tree.js'
import type { LoopSignature, SpecTree, StepFunction, TensorFunction, TensorSpec, TensorTree } from '../types.js'
import { inputTensor, TRACE_BACKEND, traceBackend } from './backend.js'
import { registerSecondDerivatives } from './gradients.js'
import type { Graph, Value } from './graph.js'

const isTensor = (node: tf.Tensor | TensorTree): node is tf.Tensor => node instanceof tf.Tensor

const refuseResult = (name: string, node: unknown) =>
  new Error(
    `The function returned ${kindOf(node)}${name && ` as '${name}'`}; return named records of tensors, without await.`,
  )

/** Runs `body` with the recording backend in force, and puts back the one that was. */
function recording<T>(body: () => T): T {
  registerSecondDerivatives()
  // None is in force in a fresh process; left to itself, TensorFlow.js would then keep the recording one.
  const before = tf.engine().backendName || 'cpu'
  traceBackend()
  // Registered with a synchronous factory, so the change is in force when the call returns.
  void tf.setBackend(TRACE_BACKEND)
  try {
    return body()
  } finally {
    if (before !== TRACE_BACKEND) void tf.setBackend(before)
  }
}

/**
 * Traces a function for a signature.
 * @returns a graph whose inputs and outputs carry '/'-joined names, in the signature's and the function's own order
 * @throws UnsupportedKernelError if the function calls a kernel that cannot be compiled
 */
export function trace(fn: TensorFunction, signature: SpecTree): Graph {
  return recording(() => {
    const inputs = new Map<string, Value>()
    const outputs = new Map<string, Value>()
    tf.tidy(() => {
      const tensors = mapTree<TensorSpec, tf.Tensor>(signature, isSpec, (spec, name) => {
        const tensor = inputTensor(name, spec.shape, spec.dtype)
        inputs.set(name, traceBackend().lookup(tensor))
        return tensor
      })
      for (const [name, tensor] of flatten<tf.Tensor>(fn(tensors), isTensor, '', refuseResult)) {
        outputs.set(name, traceBackend().lookup(tensor))
      }
    })
    return { inputs, outputs }
  })
}

/**
 * Traces one step of a loop; names start with 'carry/', 'each/', 'resident/' and, for outputs, 'carry/' and 'out/'.
 * @throws Error if the carry that comes out differs in names, shapes or types from the one that went in
 */
export function traceStep(step: StepFunction, signature: LoopSignature): Graph {
  const { carry, each, resident } = signature
  const graph = trace((tensors) => step(tensors as never), { carry, each, resident })
  const outputs = new Map<string, Value>()
  for (const [name, input] of graph.inputs) {
    if (!name.startsWith('carry/')) continue
    const output = graph.outputs.get(name)
    if (!output) throw new Error(`The step did not return '${name}', which it carries; return it, changed or not.`)
    const [was, is] = [input, output].map(({ dtype, shape }) => `${dtype}[${shape.join(', ')}]`)
    if (was !== is)
      throw new Error(`The step returned '${name}' as ${is}, but carries it as ${was}; keep both the same.`)
    outputs.set(name, output)
  }
  for (const [name, output] of graph.outputs) {
    if (outputs.has(name)) continue
    if (!name.startsWith('out/'))
      throw new Error(`The step returned '${name}', which it does not carry; name it in the carry.`)
    outputs.set(name, output)
  }
  return { inputs: graph.inputs, outputs }
}

/** Specs of a graph's outputs as a tree, of those whose names start with a prefix such as 'out/'. */
export function outputSpecs(graph: Graph, prefix = ''): SpecTree {
  const specs = new Map<string, TensorSpec>()
  for (const [name, { shape, dtype }] of graph.outputs) {
    if (name.startsWith(prefix)) specs.set(name.slice(prefix.length), { shape, dtype })
  }
  return nest(specs)
}
