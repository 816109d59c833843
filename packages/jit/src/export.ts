/** A function as a file that other runtimes read. */
import { SignatureError } from './errors.js'
import { lowerFile } from './lower/lower.js'
import { trace } from './trace/trace.js'
import { checkedInputs, flatten, isHostArray, isSpec, nest } from './tree.js'
import type { HostTree, SpecTree, TensorFunction } from './types.js'

/**
 * A function as a model of standard ONNX (opset 21, IR version 10) in single precision. Inputs and outputs have their
 * '/'-joined names and the shapes of the signature.
 *
 * @param constants inputs that the file holds, as initializers: weights
 * @returns the bytes of a `.onnx` file
 * @throws SignatureError for a constant that is no input or has another type or length, and for an output that is named as an input,
 *   and for a name that begins with '%'
 * @throws UnsupportedKernelError for ops that cannot be compiled
 */
export function exportOnnx(fn: TensorFunction, signature: SpecTree, constants: HostTree = {}): Uint8Array {
  const specs = flatten(signature, isSpec)
  const names = [...flatten(constants, isHostArray).keys()]
  const held = new Map([...specs].filter(([name]) => names.includes(name)))
  const arrays = checkedInputs(nest(held) as SpecTree, constants, 'exportOnnx')
  const graph = trace(fn, signature)
  const twice = [...graph.outputs.keys()].find((name) => specs.has(name))
  if (twice !== undefined)
    throw new SignatureError(`exportOnnx: '${twice}' is an input and an output; give the output another name.`)
  const own = [...specs.keys(), ...graph.outputs.keys()].find((name) => name.startsWith('%'))
  if (own !== undefined)
    throw new SignatureError(`exportOnnx: '${own}' begins with '%', as the model's own names do; give it another name.`)
  return lowerFile(graph, arrays)
}
