/** Shape inference: what each TensorFlow.js kernel returns for given input shapes and attributes. */
import type { ValueType } from './graph.js'
import { spatialKernels } from './spatial.js'

export interface Info {
  readonly shape: readonly number[]
  readonly dtype: ValueType
}
export type Attributes = Record<string, unknown>
/** Returns undefined for attributes or types that cannot be compiled. */
export type Infer = (inputs: readonly Info[], attrs: Attributes) => readonly Info[] | undefined

/** Numpy-style broadcasting of two shapes. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1
    const right = b[axis - rank + b.length] ?? 1
    if (left !== right && left !== 1 && right !== 1) {
      throw new Error(`Shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast.`)
    }
    return left === 1 ? right : left
  })
}

/** Axes (possibly negative, possibly one number, null for all) as sorted non-negative numbers. */
export function axesOf(axis: unknown, rank: number): number[] {
  const axes = axis == null ? Array.from({ length: rank }, (_, i) => i) : Array.isArray(axis) ? axis : [axis]
  return (axes as number[]).map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b)
}

export function reducedShape(shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] {
  return shape.flatMap((side, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [side]))
}

const first =
  (dtype?: ValueType): Infer =>
  ([x]) => [{ shape: x!.shape, dtype: dtype ?? x!.dtype }]

/** Arithmetic on numbers: TensorFlow.js lets true + true be a boolean 2, which no other runtime does. */
const arithmetic: Infer = ([a, b]) =>
  a!.dtype === 'bool' ? undefined : [{ shape: broadcast(a!.shape, b!.shape), dtype: a!.dtype }]

const binary =
  (dtype?: ValueType): Infer =>
  ([a, b]) => [{ shape: broadcast(a!.shape, b!.shape), dtype: dtype ?? a!.dtype }]

const reduction =
  (dtype?: ValueType): Infer =>
  ([x], { axis, reductionIndices, keepDims }) => [
    {
      shape: reducedShape(x!.shape, axesOf(reductionIndices ?? axis, x!.shape.length), keepDims === true),
      dtype: dtype ?? x!.dtype,
    },
  ]

const argument: Infer = ([x], { axis }) => [
  { shape: reducedShape(x!.shape, axesOf(axis ?? 0, x!.shape.length), false), dtype: 'int32' },
]

const matMul: Infer = ([a, b], { transposeA, transposeB }) => {
  const [left, right] = [a!.shape, b!.shape]
  const rows = left.at(transposeA ? -1 : -2)!
  const columns = right.at(transposeB ? -2 : -1)!
  return [{ shape: [...broadcast(left.slice(0, -2), right.slice(0, -2)), rows, columns], dtype: a!.dtype }]
}

const numbers = (value: unknown) => value as number[]

/** TensorFlow.js lets one number, or no size at all, stand for a list. */
export const listOf = (value: unknown) =>
  value === undefined ? [] : typeof value === 'number' ? [value] : numbers(value)

const slice: Infer = ([x], { begin, size }) => {
  const from = listOf(begin)
  const sides = listOf(size)
  const shape = x!.shape.map((side, axis) => {
    const wanted = sides[axis] ?? -1
    return wanted < 0 ? side - (from[axis] ?? 0) : wanted
  })
  return [{ shape, dtype: x!.dtype }]
}

const split: Infer = ([x], { numOrSizeSplits, axis }) => {
  const [along] = axesOf(axis ?? 0, x!.shape.length)
  const side = x!.shape[along!]!
  const sizes =
    typeof numOrSizeSplits === 'number'
      ? Array.from({ length: numOrSizeSplits }, () => side / numOrSizeSplits)
      : numbers(numOrSizeSplits)
  return sizes.map((size) => ({ shape: x!.shape.with(along!, size), dtype: x!.dtype }))
}

const unpack: Infer = ([x], { axis }) => {
  const [along] = axesOf(axis ?? 0, x!.shape.length)
  return Array.from({ length: x!.shape[along!]! }, () => ({
    shape: reducedShape(x!.shape, [along!], false),
    dtype: x!.dtype,
  }))
}

const gather: Infer = ([x, indices], { axis, batchDims }) => {
  const [along] = axesOf(axis ?? 0, x!.shape.length)
  if (batchDims) return undefined
  return [
    {
      shape: [...x!.shape.slice(0, along), ...indices!.shape, ...x!.shape.slice(along! + 1)],
      dtype: x!.dtype,
    },
  ]
}

const concat: Infer = (parts, { axis }) => {
  const [along] = axesOf(axis ?? 0, parts[0]!.shape.length)
  const side = parts.reduce((total, part) => total + part.shape[along!]!, 0)
  return [{ shape: parts[0]!.shape.with(along!, side), dtype: parts[0]!.dtype }]
}

const pack: Infer = (parts, { axis }) => {
  const [along] = axesOf(axis ?? 0, parts[0]!.shape.length + 1)
  return [{ shape: parts[0]!.shape.toSpliced(along!, 0, parts.length), dtype: parts[0]!.dtype }]
}

const pad: Infer = ([x], { paddings }) => {
  const shape = x!.shape.map((side, axis) => {
    const [before, after] = (paddings as number[][])[axis]!
    return side + before! + after!
  })
  return [{ shape, dtype: x!.dtype }]
}

const unary = (names: string, dtype?: ValueType) => names.split(' ').map((name) => [name, first(dtype)] as const)
const pairs = (names: string, dtype?: ValueType) => names.split(' ').map((name) => [name, binary(dtype)] as const)

/** Every kernel that can be traced. The key is TensorFlow.js's kernel name. */
export const kernels: ReadonlyMap<string, Infer> = new Map<string, Infer>([
  ...unary('Abs Neg Exp Expm1 Log Log1p Sqrt Rsqrt Square Relu Relu6 Elu Sigmoid Tanh Sin Cos Erf Sign Floor Ceil'),
  ...unary('Round Reciprocal Softplus Step ClipByValue Identity ZerosLike OnesLike Reverse Softmax'),
  ...unary('LogSoftmax Cumsum'),
  ...unary('IsNan IsFinite IsInf LogicalNot', 'bool'),
  ...['Add', 'Sub', 'Multiply'].map((name) => [name, arithmetic] as const),
  ...pairs('Maximum Minimum Pow SquaredDifference FloorDiv Mod EluGrad Prelu'),
  ...pairs('RealDiv', 'float32'),
  ...pairs('Equal NotEqual Less LessEqual Greater GreaterEqual LogicalAnd LogicalOr', 'bool'),
  ['AddN', first()],
  ['LeakyRelu', ([x]) => (x!.dtype === 'float32' ? [x!] : undefined)],
  ['Select', ([, then, otherwise]) => [{ shape: then!.shape, dtype: otherwise!.dtype }]],
  ['Cast', ([x], { dtype }) => [{ shape: x!.shape, dtype: dtype as ValueType }]],
  ['BatchMatMul', matMul],
  ['Sum', ([x], attrs) => reduction(x!.dtype === 'bool' ? 'int32' : undefined)([x!], attrs)],
  ['Mean', reduction('float32')],
  ['Max', reduction()],
  ['Min', reduction()],
  ['Prod', reduction()],
  ['All', reduction('bool')],
  ['Any', reduction('bool')],
  ['ArgMax', argument],
  ['ArgMin', argument],
  [
    'Reshape',
    ([x], { shape }) => {
      const size = x!.shape.reduce((a, b) => a * b, 1)
      const known = numbers(shape).reduce((a, b) => (b < 0 ? a : a * b), 1)
      return [{ shape: numbers(shape).map((side) => (side < 0 ? size / known : side)), dtype: x!.dtype }]
    },
  ],
  [
    'ExpandDims',
    ([x], { dim }) => {
      const [at] = axesOf(dim, x!.shape.length + 1)
      return [{ shape: x!.shape.toSpliced(at!, 0, 1), dtype: x!.dtype }]
    },
  ],
  ['Transpose', ([x], { perm }) => [{ shape: numbers(perm).map((axis) => x!.shape[axis]!), dtype: x!.dtype }]],
  ['Slice', slice],
  ['Concat', concat],
  ['Pack', pack],
  ['Unpack', unpack],
  ['SplitV', split],
  ['PadV2', pad],
  ['MirrorPad', pad],
  ['Tile', ([x], { reps }) => [{ shape: x!.shape.map((side, axis) => side * numbers(reps)[axis]!), dtype: x!.dtype }]],
  ['BroadcastTo', ([x], { shape }) => [{ shape: numbers(shape), dtype: x!.dtype }]],
  ['GatherV2', gather],
  [
    'OneHot',
    ([indices], { depth, dtype }) => [
      { shape: [...indices!.shape, Number(depth)], dtype: (dtype as ValueType) ?? 'int32' },
    ],
  ],
  ['Fill', (_, { shape, dtype }) => [{ shape: numbers(shape), dtype: (dtype as ValueType) ?? 'float32' }]],
  [
    'UnsortedSegmentSum',
    ([x, ids], { numSegments }) => [
      { shape: [Number(numSegments), ...x!.shape.slice(ids!.shape.length)], dtype: x!.dtype },
    ],
  ],
  ['FusedBatchNorm', ([x]) => [x!]],
  ...spatialKernels,
])
