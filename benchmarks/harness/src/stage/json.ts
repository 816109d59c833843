/** JSON values and their one canonical text (RFC 8785), the form in which configs and results are hashed and compared. */
import canonicalize from 'canonicalize'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * The canonical text of a JSON object: keys sorted, numbers in their shortest form, no blanks.
 *
 * @param what names the value in the error
 * @throws Error if the value is no JSON object or holds something that JSON would lose (undefined, NaN, a typed array)
 */
export function canonicalJson(value: unknown, what: string): string {
  const path = unrepresentable(value, '')
  if (path !== undefined || !isPlainObject(value)) {
    throw new Error(`${what} must be a JSON object, but ${path ? `its "${path}"` : 'it'} is not a JSON value.`)
  }
  return canonicalize(value)!
}

/** A detached copy of a value as JSON sees it, with the keys of every object sorted; errors as in `canonicalJson`. */
export function toJsonObject(value: unknown, what: string): JsonObject {
  const copy: JsonObject = JSON.parse(canonicalJson(value, what))
  return copy
}

/** Where (dotted path) a value holds something that JSON cannot carry unchanged; '' is the value itself. */
function unrepresentable(value: unknown, path: string): string | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path
  if (!Array.isArray(value) && !isPlainObject(value)) return path
  for (const [key, child] of Object.entries(value)) {
    const found = unrepresentable(child, path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
