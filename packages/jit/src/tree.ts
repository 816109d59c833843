/** Named trees: nested records, flattened to '/'-joined names in the order of insertion. */
import { SignatureError } from './errors.js'
import type { DType, HostArray, SpecTree, TensorSpec, Tree } from './types.js'

type Branch<Leaf> = Tree<Leaf>
type IsLeaf<Leaf> = (node: Leaf | Branch<Leaf>) => node is Leaf

/** A spec has a `shape` and a `dtype`; a branch that happens to have such children has records there. */
export const isSpec = (node: TensorSpec | SpecTree): node is TensorSpec => Array.isArray((node as TensorSpec).shape)
export const isHostArray = (node: unknown): node is HostArray => ArrayBuffer.isView(node)

/** Flattens a tree to a map of '/'-joined names. */
export function flatten<Leaf>(tree: Tree<Leaf>, isLeaf: IsLeaf<Leaf>, prefix = ''): Map<string, Leaf> {
  const flat = new Map<string, Leaf>()
  for (const [name, node] of Object.entries(tree)) {
    if (isLeaf(node)) flat.set(prefix + name, node)
    else for (const [inner, leaf] of flatten(node, isLeaf, `${prefix + name}/`)) flat.set(inner, leaf)
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
export function arrayType(dtype: DType) {
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
): Map<string, HostArray> {
  const specs = flatten(signature, isSpec)
  const arrays = flatten<HostArray>(data, isHostArray)
  for (const name of arrays.keys()) {
    if (!specs.has(name)) {
      const known = [...specs.keys()].join(', ') || 'none'
      throw new SignatureError(`${where}: '${name}' is not an input of this function; its inputs are: ${known}.`)
    }
  }
  const ordered = new Map<string, HostArray>()
  for (const [name, spec] of specs) {
    const array = arrays.get(name)
    if (!array) throw new SignatureError(`${where}: input '${name}' (${describe(spec)}) is missing; pass it.`)
    const Wanted = arrayType(spec.dtype)
    if (!(array instanceof Wanted)) {
      throw new SignatureError(
        `${where}: input '${name}' is a ${array.constructor.name}, but ${describe(spec)} needs a ${Wanted.name}.`,
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
