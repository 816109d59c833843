/** Named trees: nested records, flattened to '/'-joined names in the order of insertion. */
import { SignatureError } from './errors.js'
import type { DType, HostArray, Precision, SpecTree, TensorSpec, Tree } from './types.js'

type Branch<Leaf> = Tree<Leaf>
type IsLeaf<Leaf> = (node: Leaf | Branch<Leaf>) => node is Leaf

/** A spec has a `shape` and a `dtype`; a branch that happens to have such children has records there. */
export const isSpec = (node: TensorSpec | SpecTree): node is TensorSpec => Array.isArray((node as TensorSpec).shape)
export const isHostArray = (node: unknown): node is HostArray => ArrayBuffer.isView(node)

/** Makes the error for a node of a tree that is neither a leaf nor a record: its '/'-joined name ('' for the tree). */
type Refuse = (name: string, node: unknown) => Error

const refuseNode: Refuse = (name, node) =>
  new SignatureError(`A tree has ${kindOf(node)} at '${name}'; use named records of leaves only.`)

/** What a value is, for errors: 'null', 'a number', 'an Array' ... */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  const kind = typeof value === 'object' ? value.constructor.name : typeof value
  return `${/^[aeiou]/i.test(kind) ? 'an' : 'a'} ${kind}`
}

/** A plain record: arrays, promises, tensors and other instances have more than one prototype above them. */
function isRecord(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  const prototype: unknown = Object.getPrototypeOf(node)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/**
 * Flattens a tree to a map of '/'-joined names.
 * @throws SignatureError, or what `refuse` makes, for a node that is neither a leaf nor a plain record
 */
export function flatten<Leaf>(
  tree: Tree<Leaf>,
  isLeaf: IsLeaf<Leaf>,
  prefix = '',
  refuse: Refuse = refuseNode,
): Map<string, Leaf> {
  if (!isRecord(tree)) throw refuse(prefix.slice(0, -1), tree)
  const flat = new Map<string, Leaf>()
  for (const [name, node] of Object.entries(tree)) {
    if (isLeaf(node)) flat.set(prefix + name, node)
    else for (const [inner, leaf] of flatten(node, isLeaf, `${prefix + name}/`, refuse)) flat.set(inner, leaf)
  }
  return flat
}

/** Maps every leaf of a tree, keeping its structure; `fn` also gets the '/'-joined name. */
export function mapTree<A, B>(
  tree: Tree<A>,
  isLeaf: IsLeaf<A>,
  fn: (leaf: A, name: string) => B,
  prefix = '',
): Tree<B> {
  const mapped: Record<string, B | Tree<B>> = {}
  for (const [name, node] of Object.entries(tree)) {
    mapped[name] = isLeaf(node) ? fn(node, prefix + name) : mapTree(node, isLeaf, fn, `${prefix + name}/`)
  }
  return mapped
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, side) => size * side, 1)

/** The typed array class that holds a dtype on the host. */
export function arrayType(dtype: DType, precision: Precision = 'float32') {
  if (dtype === 'float32' && precision === 'float64') return Float64Array
  return dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array
}

const describe = (spec: TensorSpec) => `${spec.dtype}[${spec.shape.join(', ')}]`

/**
 * Flattens host data and checks it against a signature.
 * @param lead steps of a loop when each array has a leading steps dimension, else 1
 * @throws SignatureError naming the first tensor that is missing, unexpected, or of the wrong type or length
 */
export function checkedInputs(
  signature: SpecTree,
  data: Tree<HostArray>,
  where: string,
  lead = 1,
  precision: Precision = 'float32',
  doubles: Map<string, Float64Array> = new Map(),
): Map<string, HostArray> {
  const specs = flatten(signature, isSpec)
  const arrays = flatten<HostArray>(data, isHostArray, '', (name, node) => {
    const spec = specs.get(name)
    const wanted = spec
      ? `${describe(spec)} needs a ${arrayType(spec.dtype, precision).name}`
      : 'inputs are named typed arrays'
    return new SignatureError(`${where}: input '${name}' is ${kindOf(node)}, but ${wanted}.`)
  })
  for (const name of arrays.keys()) {
    if (!specs.has(name)) {
      const known = [...specs.keys()].join(', ') || 'none'
      throw new SignatureError(`${where}: '${name}' is not an input of this function; its inputs are: ${known}.`)
    }
  }
  const ordered = new Map<string, HostArray>()
  for (const [name, spec] of specs) {
    const given = arrays.get(name)
    if (!given) throw new SignatureError(`${where}: input '${name}' (${describe(spec)}) is missing; pass it.`)
    const Wanted = arrayType(spec.dtype, precision)
    const array = Wanted === Float64Array && given instanceof Float32Array ? widened(name, given, doubles) : given
    if (!(array instanceof Wanted)) {
      throw new SignatureError(
        `${where}: input '${name}' is ${kindOf(array)}, but ${describe(spec)} needs a ${Wanted.name}.`,
      )
    }
    const wanted = sizeOf(spec.shape) * lead
    if (array.length !== wanted) {
      const steps = lead === 1 ? '' : ` times ${lead} steps`
      throw new SignatureError(
        `${where}: input '${name}' has ${array.length} elements, but ${describe(spec)}${steps} needs ${wanted}.`,
      )
    }
    ordered.set(name, array)
  }
  return ordered
}

/** The numbers in double precision, in the array that they had before if there is one of their length. */
function widened(name: string, given: Float32Array, arrays: Map<string, Float64Array>): Float64Array {
  const before = arrays.get(name)
  if (before?.length !== given.length) {
    const array = new Float64Array(given)
    arrays.set(name, array)
    return array
  }
  before.set(given)
  return before
}

/** The inverse of `flatten`: '/'-joined names become nested records. */
export function nest<Leaf>(flat: ReadonlyMap<string, Leaf>): Tree<Leaf> {
  const tree: Record<string, unknown> = {}
  for (const [name, leaf] of flat) {
    const path = name.split('/')
    let branch = tree
    for (const part of path.slice(0, -1)) {
      branch[part] ??= {}
      branch = branch[part] as Record<string, unknown>
    }
    branch[path.at(-1)!] = leaf
  }
  return tree as Tree<Leaf>
}

/** @throws SignatureError unless `steps` is a whole number of at least 1 */
export function checkSteps(steps: number): void {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new SignatureError(`run: ${steps} steps is not possible; pass a whole number of at least 1.`)
  }
}
