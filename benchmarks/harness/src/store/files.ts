/** File operations of the store: whole files or nothing, and system errors as sentences. */
import { randomBytes } from 'node:crypto'
import { link, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeFolders, syncFolder, UserError } from '@winning-tickets/core'

/** The store itself fails (full, unwritable, gone): no stage can go on, and what is finished is safe. */
export class StoreError extends UserError {}

/** Temporary files older than this belong to no living process. */
const STALE_MILLISECONDS = 24 * 3600 * 1000

/**
 * Puts a whole file, synced as its name is, at `path` by way of `temporaryFolder` on the same file system.
 *
 * @param ifThere what to do when the path is taken: `replace` it or `keep` it
 * @returns whether the file at `path` is now the given one
 */
export async function publish(
  path: string,
  content: Uint8Array | string,
  temporaryFolder: string,
  ifThere: 'replace' | 'keep',
): Promise<boolean> {
  await makeFolders(dirname(path))
  try {
    return await publishOnce(path, content, temporaryFolder, ifThere)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    // The temporary file vanished: a clock jumped, and another process took the file for an old one.
    return publishOnce(path, content, temporaryFolder, ifThere)
  }
}

async function publishOnce(
  path: string,
  content: Uint8Array | string,
  temporaryFolder: string,
  ifThere: 'replace' | 'keep',
): Promise<boolean> {
  await makeFolders(temporaryFolder)
  const temporary = join(temporaryFolder, `${process.pid}-${randomBytes(8).toString('hex')}`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    if (ifThere === 'replace') await rename(temporary, path)
    else if (!(await linkIfFree(temporary, path))) return false
    await syncFolder(dirname(path))
    return true
  } finally {
    await rm(temporary, { force: true })
  }
}

/** What is to be written, and where else it could go, for the error: "The report" and "choose another place with --out DIR". */
interface Written {
  readonly what: string
  readonly remedy: string
}

/** Makes a folder and writes a file there, which then goes again. */
export async function probe(folder: string): Promise<void> {
  const path = join(folder, `.probe-${process.pid}-${randomBytes(4).toString('hex')}`)
  await makeFolders(folder)
  await (await open(path, 'wx')).close()
  await rm(path)
}

/**
 * Makes a folder and proves that files can be written there, so that hours of work do not end in an unwritable place.
 *
 * @throws UserError if it cannot be made or written
 */
export async function ensureWritable(folder: string, { what, remedy }: Written): Promise<void> {
  try {
    await probe(folder)
  } catch (error) {
    const code = errorCode(error)
    if (code === undefined) throw error
    throw new UserError(`${what} cannot be written to ${folder} (${code}): ${remedy}.`)
  }
}

/** The same for one file, which may be there already, but not as a folder. */
export async function ensureWritableFile(path: string, remedy: string): Promise<void> {
  await ensureWritable(dirname(path), { what: basename(path), remedy })
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory()) throw new UserError(`${path} is a folder, not a file: ${remedy}.`)
}

/** A link fails if the name is taken, which a rename does not: of two processes exactly one comes first. */
async function linkIfFree(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    // File systems without hard links: the gap between the two calls is the best they offer.
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(errorCode(error) ?? '')) throw error
    if (await exists(path)) return false
    await rename(temporary, path)
    return true
  }
}

/** The file's bytes, or undefined if there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}

/** The files at any depth below a folder whose name fits, with their sizes in bytes; by name, or by path if asked. */
export async function sizesOf(
  folder: string,
  fits: (name: string) => boolean,
  by: 'names' | 'paths' = 'names',
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>()
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  })
  for (const entry of entries) {
    if (!entry.isFile() || !fits(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    // It may be gone by now.
    const size = await stat(path).then(
      (found) => found.size,
      () => undefined,
    )
    if (size !== undefined) sizes.set(by === 'names' ? entry.name : path, size)
  }
  return sizes
}

/** Removes temporary files that a killed process left behind. */
export async function removeStale(temporaryFolder: string): Promise<void> {
  for (const name of await readdir(temporaryFolder).catch(() => [])) {
    const path = join(temporaryFolder, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > STALE_MILLISECONDS) await rm(path, { force: true })
  }
}

/** Runs a file operation of the store; the system's errors become a `StoreError` of one sentence. */
export async function guarded<T>(location: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    const code = errorCode(error)
    if (code === undefined || error instanceof UserError) throw error
    throw storeError(location, code)
  }
}

function storeError(location: string, code: string): StoreError {
  return new StoreError(
    code === 'ENOSPC' || code === 'EDQUOT'
      ? `The disk of the store ${location} is full (${code}): free some space and run the same command again, finished runs are kept.`
      : `The store ${location} cannot be used (${code}): make it readable and writable, or choose another with --store DIR.`,
  )
}

/** The error, as the store's own if it says that a disk fails under whoever threw it (a checkpoint, a download). */
export function blameDisk(location: string, error: unknown): unknown {
  const code = errorCode(error)
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'].includes(code ?? '') ? storeError(location, code!) : error
}

function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
