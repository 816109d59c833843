/** Taking files out of a .tar.gz. */
import { Parser, type ReadEntry } from 'tar'
import { UserError } from '../errors.js'

/** Bytes that a wanted member must have, by its path in the archive. */
export type MemberSizes = Readonly<Record<string, number>>

/**
 * The wanted members of a gzipped tar archive; others are passed over. Nothing is written to disk, and no more is kept
 * in memory than the wanted sizes, whatever the archive claims.
 *
 * @param file what to call the archive in errors
 * @throws UserError if it is damaged, or a wanted member is missing, there twice, or of another size
 */
export async function unpackTarGz(
  bytes: Uint8Array,
  file: string,
  wanted: MemberSizes,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const problem = (text: string) => new UserError(`${file} is not the right archive, since ${text}; fetch it again.`)
  const found = new Map<string, Uint8Array>()
  await new Promise<void>((resolve, reject) => {
    // The parser goes on after an error, and may end well or not at all: the first outcome counts.
    const fail = (error: Error) =>
      reject(error instanceof UserError ? error : problem(`it cannot be read (${error.message})`))
    const parser = new Parser({
      strict: true,
      filter: (path) => Object.hasOwn(wanted, path),
      onReadEntry(entry) {
        const size = wanted[entry.path]!
        if (found.has(entry.path)) fail(problem(`it holds ${entry.path} twice`))
        else if (entry.size !== size) fail(problem(`its ${entry.path} has ${entry.size} bytes, not ${size}`))
        else return void collect(entry, size, found)
        entry.resume()
      },
    })
    parser.on('error', fail)
    parser.on('end', resolve)
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return fail(problem('it is not gzipped'))
    parser.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  })
  for (const [path, size] of Object.entries(wanted)) {
    const length = found.get(path)?.length
    if (length === undefined) throw problem(`it has no ${path}`)
    if (length !== size) throw problem(`its ${path} ends after ${length} of ${size} bytes`)
  }
  return found
}

function collect(entry: ReadEntry, size: number, found: Map<string, Uint8Array>): void {
  const content = new Uint8Array(size)
  let length = 0
  entry.on('data', (chunk: Buffer) => {
    content.set(chunk, length)
    length += chunk.length
  })
  entry.on('end', () => found.set(entry.path, content.subarray(0, length)))
}
