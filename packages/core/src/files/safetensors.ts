/**
 * The safetensors format: an 8-byte little-endian header length, a JSON header padded with spaces, then the data.
 * Reads and writes F64, F32, I32, U8 and BOOL. Source: the format section of the README of huggingface/safetensors.
 */
import { readFile } from 'node:fs/promises'
import { UserError } from '../errors.js'
import { writeAtomic } from './atomic.js'
import { parseHeader } from './safetensors-header.js'
import {
  arrayFrom,
  bytesOf,
  bytesPerElement,
  compareNames,
  type NamedTensors,
  type StoredDType,
  type StoredTensor,
} from './tensor.js'

/** Free text by key; what is not text (a ticket's provenance) goes in as JSON. */
export type Metadata = Readonly<Record<string, string>>

export interface SafetensorsContent {
  readonly tensors: NamedTensors
  readonly metadata: Metadata
}

const codes: Readonly<Record<StoredDType, string>> = {
  float64: 'F64',
  float32: 'F32',
  int32: 'I32',
  uint8: 'U8',
  bool: 'BOOL',
}

/**
 * The file's bytes. Equal content gives equal bytes: tensors lie in the order of element size (8 bytes before 4 before 1,
 * so that all are aligned), then name; metadata in the order of keys.
 */
export function encodeSafetensors(tensors: NamedTensors, metadata: Metadata = {}): Uint8Array {
  checkUnicode([...Object.keys(tensors), ...Object.entries(metadata).flat()])
  const parts: Uint8Array[] = []
  const header: [string, unknown][] = []
  const metadataKeys = Object.keys(metadata).sort(compareNames)
  if (metadataKeys.length > 0) {
    header.push(['__metadata__', Object.fromEntries(metadataKeys.map((key) => [key, metadata[key]]))])
  }
  let offset = 0
  for (const [name, tensor] of inFileOrder(tensors)) {
    if (name === '__metadata__') throw new RangeError('A tensor cannot have the reserved name "__metadata__".')
    const bytes = bytesOf(tensor, name)
    header.push([
      name,
      { dtype: codes[tensor.dtype], shape: tensor.shape, data_offsets: [offset, offset + bytes.length] },
    ])
    parts.push(bytes)
    offset += bytes.length
  }
  const json = headerText(header)
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true)
  return Buffer.concat([length, json, ...parts])
}

/** A lone surrogate has no UTF-8 form, and other readers refuse its JSON escape. */
function checkUnicode(texts: readonly string[]): void {
  const broken = texts.find((text) => /\p{Surrogate}/u.test(text))
  if (broken !== undefined) throw new RangeError(`${JSON.stringify(broken)} is not valid Unicode.`)
}

function inFileOrder(tensors: NamedTensors): [string, StoredTensor][] {
  return Object.entries(tensors).sort(
    ([nameA, a], [nameB, b]) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype) || compareNames(nameA, nameB),
  )
}

/** The header as UTF-8, padded with spaces so that the data start at a multiple of 8 bytes. */
function headerText(entries: readonly [string, unknown][]): Buffer {
  // Written entry by entry: an object literal would move integer-like names to the front.
  const text = `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`
  const bytes = Buffer.from(text, 'utf8')
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8, ' ')])
}

/**
 * Decodes and checks a file's bytes; the arrays are copies.
 *
 * @param file what to call the bytes in errors
 * @throws UserError if anything in the header or the size of the data is not as the format demands
 */
export function decodeSafetensors(bytes: Uint8Array, file = 'the safetensors data'): SafetensorsContent {
  const { dataStart, entries, metadata } = parseHeader(bytes, file)
  const tensors = entries.map(({ name, dtype, shape, begin, end }): [string, StoredTensor] => {
    const raw = bytes.subarray(dataStart + begin, dataStart + end)
    if (dtype === 'bool' && raw.some((flag) => flag > 1)) {
      throw new UserError(`${file}: tensor "${name}" is BOOL but has bytes other than 0 and 1; make the file again.`)
    }
    return [name, { dtype, shape, data: arrayFrom(dtype, raw) }]
  })
  return { tensors: Object.fromEntries(tensors), metadata }
}

/** Writes a safetensors file atomically. */
export async function writeSafetensors(path: string, tensors: NamedTensors, metadata: Metadata = {}): Promise<void> {
  await writeAtomic(path, encodeSafetensors(tensors, metadata))
}

/**
 * Reads and checks a safetensors file.
 *
 * @throws UserError if it cannot be read or is not a valid file of F64, F32, I32, U8 and BOOL tensors
 */
export async function readSafetensors(path: string): Promise<SafetensorsContent> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    throw new UserError(`${path} cannot be read (${error instanceof Error ? error.message : error}); check the path.`)
  }
  return decodeSafetensors(bytes, path)
}
