/** MATLAB's MAT-file format, version 5 (little-endian), as far as arrays of real numbers go. */
import { inflateSync } from 'node:zlib'
import { UserError } from '../errors.js'

/** A numeric array; elements in MATLAB's order, the first dimension fastest. */
export interface MatArray {
  readonly shape: readonly number[]
  /** A view of the file where elements are unsigned bytes, else a copy. */
  readonly data: Uint8Array | Float64Array
}

/** Types of data elements (MAT-File Format, table 1-1). */
const INT8 = 1
const UINT8 = 2
const INT32 = 5
const UINT32 = 6
const MATRIX = 14
const COMPRESSED = 15

/** Numeric types: bytes an element and how one is read. */
const numeric: ReadonlyMap<number, readonly [size: number, read: (view: DataView, at: number) => number]> = new Map([
  [INT8, [1, (view: DataView, at: number) => view.getInt8(at)]],
  [UINT8, [1, (view: DataView, at: number) => view.getUint8(at)]],
  [3, [2, (view: DataView, at: number) => view.getInt16(at, true)]],
  [4, [2, (view: DataView, at: number) => view.getUint16(at, true)]],
  [INT32, [4, (view: DataView, at: number) => view.getInt32(at, true)]],
  [UINT32, [4, (view: DataView, at: number) => view.getUint32(at, true)]],
  [7, [4, (view: DataView, at: number) => view.getFloat32(at, true)]],
  [9, [8, (view: DataView, at: number) => view.getFloat64(at, true)]],
])

/** Array classes from double (6) to uint32 (13); others are text, cells, structures, objects, sparse. */
const isNumericClass = (code: number): boolean => code >= 6 && code <= 13

const HEADER = 128

export interface Mat5Options {
  /** What to call the file in errors. */
  readonly file: string
  /** Most bytes that one compressed variable may unpack to: enough for the largest that is expected. */
  readonly limit: number
}

/**
 * The variables of a MAT-file that are arrays of real numbers, by name; others are passed over.
 *
 * @throws UserError if the bytes are not a whole file of this version, or a variable unpacks to more than `limit`
 */
export function parseMat5(bytes: Uint8Array, { file, limit }: Mat5Options): ReadonlyMap<string, MatArray> {
  const fail = (problem: string): never => {
    throw new UserError(`${file} is not a valid MATLAB 5 file, since ${problem}; fetch it again.`)
  }
  checkHeader(bytes, fail)
  const variables = new Map<string, MatArray>()
  for (const element of elementsOf(bytes, HEADER, fail)) {
    const [name, array] = variableOf(inflated(element, limit, fail), fail) ?? []
    if (name === undefined || array === undefined) continue
    if (variables.has(name)) fail(`it has the variable ${name} twice`)
    variables.set(name, array)
  }
  return variables
}

type Fail = (problem: string) => never

function checkHeader(bytes: Uint8Array, fail: Fail): void {
  if (bytes.length < HEADER) fail(`it has only ${bytes.length} bytes`)
  const mark = String.fromCharCode(bytes[126]!, bytes[127]!)
  if (mark === 'MI') fail('it is big-endian and only little-endian files are read')
  if (mark !== 'IM') fail('it has no byte-order mark at 126')
  const version = bytes[125]!
  if (version === 2) fail('it is of version 7.3 (HDF5)')
  if (version !== 1) fail(`its version is ${version}, not 1`)
}

interface Element {
  readonly type: number
  readonly data: Uint8Array
}

/** The data elements that follow each other from `start` to the end; all but compressed ones are padded to 8 bytes. */
function* elementsOf(bytes: Uint8Array, start: number, fail: Fail): Generator<Element> {
  const view = viewOf(bytes)
  let at = start
  while (at < bytes.length) {
    if (bytes.length - at < 8) fail(`it ends within the tag at ${at}`)
    const word = view.getUint32(at, true)
    // Up to 4 bytes of data may lie inside the tag, whose first word then holds size and type.
    const small = word >>> 16
    const type = small === 0 ? word : word & 0xffff
    const size = small === 0 ? view.getUint32(at + 4, true) : small
    const from = small === 0 ? at + 8 : at + 4
    if (small > 4) fail(`the tag at ${at} has ${small} bytes of data where 4 fit`)
    if (size > bytes.length - from) fail(`the element at ${at} has ${size} bytes and ${bytes.length - from} are left`)
    yield { type, data: bytes.subarray(from, from + size) }
    at = type === COMPRESSED || small !== 0 ? at + 8 + (small === 0 ? size : 0) : from + Math.ceil(size / 8) * 8
  }
}

/** A compressed element's content, which is one element itself. */
function inflated(element: Element, limit: number, fail: Fail): Element {
  if (element.type !== COMPRESSED) return element
  let content: Uint8Array
  try {
    const { buffer, byteOffset, byteLength } = inflateSync(element.data, { maxOutputLength: limit })
    content = new Uint8Array(buffer, byteOffset, byteLength)
  } catch (error) {
    return fail(`a variable cannot be unpacked (${error instanceof Error ? error.message : error})`)
  }
  const [inner, ...others] = elementsOf(content, 0, fail)
  if (inner === undefined || others.length > 0) return fail('a compressed part does not hold exactly one variable')
  if (inner.type === COMPRESSED) return fail('a variable is compressed twice')
  return inner
}

/** Name and array of a matrix element; undefined for what is not an array of real numbers. */
function variableOf({ type, data }: Element, fail: Fail): [string, MatArray] | undefined {
  if (type !== MATRIX) return fail(`it has an element of type ${type} where a variable is expected`)
  const [flags, sizes, name, real] = elementsOf(data, 0, fail)
  if (flags?.type !== UINT32 || flags.data.length !== 8) return fail('a variable has no array flags')
  const isComplex = (flags.data[1]! & 8) !== 0
  if (!isNumericClass(flags.data[0]!) || isComplex) return undefined
  if (sizes?.type !== INT32 || sizes.data.length < 8 || sizes.data.length % 4 !== 0) {
    return fail('a variable has no dimensions')
  }
  if (name?.type !== INT8) return fail('a variable has no name')
  const sizesView = viewOf(sizes.data)
  const shape = Array.from({ length: sizes.data.length / 4 }, (_, i) => sizesView.getInt32(4 * i, true))
  const called = Buffer.from(name.data).toString('latin1')
  if (shape.some((side) => side < 0)) return fail(`the variable ${called} has the dimensions ${shape.join(' x ')}`)
  return [called, { shape, data: numbersOf(real, shape, called, fail) }]
}

/** MATLAB stores the elements of any class in the smallest type that holds them. */
function numbersOf(
  element: Element | undefined,
  shape: readonly number[],
  name: string,
  fail: Fail,
): Uint8Array | Float64Array {
  const [size, read] = numeric.get(element?.type ?? 0) ?? []
  if (element === undefined || size === undefined || read === undefined) {
    return fail(`the variable ${name} has elements of type ${element?.type ?? 'none'}`)
  }
  const { type, data } = element
  const count = shape.reduce((product, side) => product * side, 1)
  if (data.length !== count * size) {
    return fail(`the variable ${name} of ${shape.join(' x ')} needs ${count * size} bytes and has ${data.length}`)
  }
  if (type === UINT8) return data
  const view = viewOf(data)
  return Float64Array.from({ length: count }, (_, i) => read(view, i * size))
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
