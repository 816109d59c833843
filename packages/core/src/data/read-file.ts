/** Reading one file of a data set, plain or gzipped, and checking its content. */
import { readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip as gunzipCallback } from 'node:zlib'
import { UserError } from '../errors.js'
import { sha256 } from '../files/hash.js'
import type { DataFile } from './types.js'

const gunzip = promisify(gunzipCallback)

/** The name under which a file is published. */
export function publishedName(file: DataFile): string {
  return file.packing === 'none' ? file.name : `${file.name}.gz`
}

/** The most bytes that a file can have as published: a gzip needs room for its blocks and for long names in its header. */
export function sizeLimit(file: DataFile): number {
  return file.packing === 'none' ? file.bytes : file.bytes + Math.ceil(file.bytes / 100) + 4096
}

/**
 * The decoded content of a file on disk, whose size and SHA-256 are right.
 *
 * @throws UserError if the content is not the file's
 */
export async function readDataFile(path: string, file: DataFile): Promise<Uint8Array> {
  const { content, problem } = await inspectDataFile(path, file)
  if (problem !== undefined) throw new UserError(`${path} ${problem}; delete it and fetch it again.`)
  return content
}

/** Either the content or, as the end of a sentence about the file, what is wrong with it. */
export type Inspection =
  | { readonly content: Uint8Array; readonly problem?: undefined }
  | { readonly content?: undefined; readonly problem: string }

/** Reads, decodes and checks a file. */
export async function inspectDataFile(path: string, file: DataFile): Promise<Inspection> {
  let raw: Uint8Array
  try {
    const { size } = await stat(path)
    if (size > sizeLimit(file)) return { problem: `has ${size} bytes, more than ${file.name} can have` }
    raw = await readFile(path)
  } catch (error) {
    return { problem: `cannot be read (${messageOf(error)})` }
  }
  let content: Uint8Array
  try {
    content = await decode(raw, file)
  } catch (error) {
    return { problem: `cannot be unpacked (${messageOf(error)})` }
  }
  if (content.length !== file.bytes) {
    return { problem: `holds ${content.length} bytes where ${file.name} has ${file.bytes}` }
  }
  const hash = sha256(content)
  if (hash !== file.sha256)
    return {
      problem: `is not the right ${file.name} (${file.packing === 'none' ? '' : 'decoded '}SHA-256 ${hash}, not ${file.sha256})`,
    }
  return { content }
}

/** Undoes gzip where the content begins like one: some servers undo it on the way, whatever the name says. */
async function decode(raw: Uint8Array, file: DataFile): Promise<Uint8Array> {
  if (file.packing === 'none') return raw
  const isGzip = raw[0] === 0x1f && raw[1] === 0x8b
  return isGzip ? gunzip(raw, { maxOutputLength: file.bytes }) : raw
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `${error}`
}
