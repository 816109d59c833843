/** For tests: R of SynFlow as products of matrices of doubles on the host, for dense nets and for ResNet-8. */
import type { Model, Weights } from '@winning-tickets/core'

type Matrix = readonly Float64Array[]
type Doubles = Readonly<Record<string, ArrayLike<number>>>

const abs = (values: ArrayLike<number>): Float64Array => Float64Array.from(values, Math.abs)

/** A row vector times a matrix. */
export function times(x: Float64Array, matrix: Matrix): Float64Array {
  const y = new Float64Array(matrix[0]!.length)
  matrix.forEach((row, i) => {
    for (let j = 0; j < y.length; j++) y[j]! += x[i]! * row[j]!
  })
  return y
}

/** |kernel| of a dense layer, [in, out]. */
export function denseMatrix(kernel: ArrayLike<number>, rows: number): Matrix {
  const values = abs(kernel)
  const columns = values.length / rows
  return Array.from({ length: rows }, (_, i) => values.slice(i * columns, (i + 1) * columns))
}

interface Conv {
  readonly side: number
  readonly size: number
  readonly stride: number
  readonly inputs: number
  readonly outputs: number
}

/** |kernel| [size, size, in, out] as a matrix between images [side, side, channels]; `size`/2 zeros around. */
export function convMatrix(kernel: ArrayLike<number>, { side, size, stride, inputs, outputs }: Conv): Matrix {
  const out = Math.ceil(side / stride)
  const matrix = Array.from({ length: side * side * inputs }, () => new Float64Array(out * out * outputs))
  const pad = (size - 1) / 2
  for (let y = 0; y < out; y++)
    for (let x = 0; x < out; x++)
      for (let dy = 0; dy < size; dy++)
        for (let dx = 0; dx < size; dx++) {
          const [row, column] = [y * stride + dy - pad, x * stride + dx - pad]
          if (row < 0 || row >= side || column < 0 || column >= side) continue
          for (let i = 0; i < inputs; i++)
            for (let o = 0; o < outputs; o++) {
              const weight = kernel[((dy * size + dx) * inputs + i) * outputs + o]!
              matrix[(row * side + column) * inputs + i]![(y * out + x) * outputs + o]! += Math.abs(weight)
            }
        }
  return matrix
}

const total = (x: Float64Array): number => x.reduce((sum, value) => sum + value, 0)
const relu = (x: Float64Array): Float64Array => x.map((value) => Math.max(0, value))

/** R of a dense net. */
export function denseFlow(model: Model, weights: Doubles): number {
  const layers = model.parameters.filter(({ role }) => role === 'kernel')
  let x: Float64Array = new Float64Array(layers[0]!.fanIn).fill(1)
  for (const [i, { name, fanIn }] of layers.entries()) {
    const bias = abs(weights[name.replace('kernel', 'bias')]!)
    const sum = times(x, denseMatrix(weights[name]!, fanIn)).map((value, j) => value + bias[j]!)
    x = i < layers.length - 1 ? relu(sum) : sum
  }
  return total(x)
}

/** R of ResNet-8 with projections, batch norm by its running statistics. */
export function resnet8Flow(model: Model, weights: Doubles): number {
  const [start, , depth] = model.inputShape as [number, number, number]
  const conv = (name: string, x: Float64Array, side: number, stride: number) => {
    const [size, , inputs, outputs] = model.parameters.find((p) => p.name === `${name}.kernel`)!.shape as number[]
    const shape = { side, size: size!, stride, inputs: inputs!, outputs: outputs! }
    return times(x, convMatrix(weights[`${name}.kernel`]!, shape))
  }
  const norm = (name: string, x: Float64Array): Float64Array => {
    const [scale, shift] = [abs(weights[`${name}.scale`]!), abs(weights[`${name}.shift`]!)]
    const [mean, variance] = [weights[`${name}.mean`]!, weights[`${name}.variance`]!]
    const c = scale.length
    return x.map((v, i) => ((v - mean[i % c]!) / Math.sqrt(variance[i % c]! + 1e-5)) * scale[i % c]! + shift[i % c]!)
  }
  let side = start
  let x = relu(norm('bn1', conv('conv1', new Float64Array(side * side * depth).fill(1), side, 1)))
  for (const stage of [1, 2, 3]) {
    const block = `stage${stage}.block1`
    const stride = stage === 1 ? 1 : 2
    const inner = relu(norm(`${block}.bn1`, conv(`${block}.conv1`, x, side, stride)))
    const main = norm(`${block}.bn2`, conv(`${block}.conv2`, inner, Math.ceil(side / stride), 1))
    const shortcut = stage === 1 ? x : norm(`${block}.shortcut-bn`, conv(`${block}.shortcut`, x, side, stride))
    x = relu(main.map((value, i) => value + shortcut[i]!))
    side = Math.ceil(side / stride)
  }
  const channels = x.length / (side * side)
  const mean = Float64Array.from(
    { length: channels },
    (_, c) => total(x.filter((_, i) => i % channels === c)) / (side * side),
  )
  const bias = abs(weights['fc.bias']!)
  return total(times(mean, denseMatrix(weights['fc.kernel']!, channels)).map((value, i) => value + bias[i]!))
}

/**
 * The score of one weight: R minus R without the weight. That is exact while R is linear in it: no path passes a layer
 * twice, and with nothing negative no ReLU cuts.
 */
export function removalScore(flow: (weights: Doubles) => number, weights: Weights, name: string, i: number): number {
  const without = { ...weights, [name]: weights[name]!.map((value, j) => (j === i ? 0 : value)) }
  return flow(weights) - flow(without)
}
