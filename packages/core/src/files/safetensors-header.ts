/** Reading and checking the header of a safetensors file. */
import { UserError } from '../errors.js'
import { repeatedKey } from './json-keys.js'
import { bytesPerElement, elements, type StoredDType } from './tensor.js'

export interface HeaderEntry {
  readonly name: string
  readonly dtype: StoredDType
  readonly shape: readonly number[]
  /** Place of the data, in bytes from the start of the data. */
  readonly begin: number
  readonly end: number
}

export interface Header {
  readonly dataStart: number
  /** In the header's order. */
  readonly entries: readonly HeaderEntry[]
  readonly metadata: Readonly<Record<string, string>>
}

const dtypes: ReadonlyMap<unknown, StoredDType> = new Map([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['I32', 'int32'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
])

/** The format's own limit, in bytes. */
const HEADER_LIMIT = 100_000_000

/** Reads the header; the entries' data then cover all bytes after it, each byte exactly once. */
export function parseHeader(bytes: Uint8Array, file: string): Header {
  const fail = (problem: string): never => {
    throw new UserError(`${file}: not a valid safetensors file, since ${problem}; fetch or make it again.`)
  }
  if (bytes.length < 8) fail(`it has only ${bytes.length} bytes`)
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length > HEADER_LIMIT) fail(`its header claims ${length} bytes and the limit is ${HEADER_LIMIT}`)
  if (length > bytes.length - 8) fail(`its header claims ${length} bytes but only ${bytes.length - 8} follow`)
  const dataStart = 8 + length

  const header = parseObject(bytes.subarray(8, dataStart), fail)
  const { __metadata__: metadata = {}, ...tensors } = header
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    return fail('its __metadata__ is not a map from text to text')
  }
  const entries = Object.entries(tensors).map(([name, entry]) => parseEntry(name, entry, fail))
  checkCoverage(entries, bytes.length - dataStart, fail)
  return { dataStart, entries, metadata: metadata as Record<string, string> }
}

type Fail = (problem: string) => never

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseObject(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  if (bytes[0] !== 0x7b) fail('its header does not begin with {')
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    value = JSON.parse(text)
  } catch {
    return fail('its header is not JSON')
  }
  if (!isObject(value)) return fail('its header is not a JSON object')
  const repeated = repeatedKey(text)
  if (repeated !== undefined) fail(`its header has the key ${JSON.stringify(repeated)} twice`)
  return value
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function parseEntry(name: string, entry: unknown, fail: Fail): HeaderEntry {
  const tensor = `tensor ${JSON.stringify(name)}`
  if (!isObject(entry)) return fail(`the entry of ${tensor} is not an object`)
  const { dtype: code, shape, data_offsets: offsets, ...rest } = entry
  if (Object.keys(rest).length > 0) fail(`the entry of ${tensor} has unknown keys`)
  const dtype = dtypes.get(code)
  if (dtype === undefined)
    return fail(`the type of ${tensor} is ${JSON.stringify(code)}, not F64, F32, I32, U8 or BOOL`)
  if (!Array.isArray(shape) || !shape.every(isCount)) return fail(`the shape of ${tensor} is not a list of sizes`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return fail(`the data_offsets of ${tensor} are not two positions`)
  }
  const [begin, end] = offsets as [number, number]
  const size = elements(shape) * bytesPerElement(dtype)
  if (end - begin !== size) {
    fail(`${tensor} with type ${code} and shape [${shape}] needs ${size} bytes but has ${end - begin}`)
  }
  return { name, dtype, shape, begin, end }
}

/** Fails unless the entries lie end to end and end where the data end: no overlap, no hole, nothing out of range. */
function checkCoverage(entries: readonly HeaderEntry[], dataLength: number, fail: Fail): void {
  let position = 0
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) {
      fail(`the data of tensor ${JSON.stringify(name)} begin at ${begin} but those before it end at ${position}`)
    }
    position = end
  }
  if (position !== dataLength) fail(`its tensors need ${position} bytes of data and it has ${dataLength}`)
}
