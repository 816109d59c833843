/** Constant folding: a node whose inputs are all known is computed now, by TensorFlow.js's reference backend. */
import { tf } from '../tf.js'
import { ELEMENTWISE } from '../trace/elementwise.js'
import { makeNode, type Node, type Value } from '../trace/graph.js'
import { sizeOf } from '../tree.js'

/** Larger results stay nodes: a constant of the model costs memory and bytes. */
const LARGEST = 65_536

const isKnown = ({ node }: Value) => node.op === 'Fill' || node.op === 'Constant'

/** The node as a `Constant` or `Fill` if its inputs are known and its result is small; else undefined. */
export function evaluate(node: Node): Node | undefined {
  const [output] = node.outputs
  if (node.inputs.length === 0 || node.outputs.length !== 1 || !node.inputs.every(isKnown)) return undefined
  // Uniform operands give a uniform result element by element: compute one element.
  const uniform = node.inputs.every(({ node }) => node.op === 'Fill') && ELEMENTWISE.has(node.op)
  const largest = Math.max(...[...node.inputs, output!].map(({ shape }) => sizeOf(shape)))
  if (!uniform && largest > LARGEST) return undefined
  const before = tf.engine().backendName
  void tf.setBackend('cpu')
  try {
    const data = tf.tidy(() => {
      const tensors = node.inputs.map(({ node: source, shape, dtype }) =>
        source.op === 'Fill' || uniform
          ? tf.fill(uniform ? [] : [...shape], Number(source.attrs.value), dtype)
          : tf.tensor(source.data!, [...shape], dtype),
      )
      const names = node.inputNames ?? tensors.map((_, i) => String(i))
      const list = names[0] === '0'
      const inputs = list ? tensors : Object.fromEntries(names.map((name, i) => [name, tensors[i]!]))
      const result = tf.engine().runKernel(node.op, inputs as never, node.attrs as never)
      // Unpack and SplitV give a list, even of one part.
      return (Array.isArray(result) ? result[0]! : result).dataSync()
    })
    if (uniform) {
      const { shape, dtype } = output!
      return makeNode('Fill', [], { shape, value: Number(data[0]), dtype }, [output!])
    }
    const typed = output!.dtype === 'bool' ? Uint8Array.from(data) : (data.slice() as Float32Array | Int32Array)
    return makeNode('Constant', [], {}, [output!], { data: typed })
  } finally {
    if (before) void tf.setBackend(before)
  }
}
