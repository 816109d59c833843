/** SHA-256 of bytes, text, and named tensors. */
import { createHash } from 'node:crypto'
import { bytesOf, compareNames, type NamedTensors } from './tensor.js'

/** SHA-256 as 64 hex digits; text is hashed as UTF-8. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

/**
 * SHA-256 of the names, types, shapes and bits of tensors, whatever their order in the record: equal if and only if
 * all of these are equal (so 0 and -0 differ).
 */
export function hashTensors(tensors: NamedTensors): string {
  const hash = createHash('sha256')
  for (const name of Object.keys(tensors).sort(compareNames)) {
    const tensor = tensors[name]!
    // The heading is one JSON line and gives the number of bytes that follow it, so no two records read alike.
    hash.update(`${JSON.stringify([name, tensor.dtype, tensor.shape])}\n`)
    hash.update(bytesOf(tensor, name))
  }
  return hash.digest('hex')
}
