/** File operations of the store: whole files or nothing, and system errors as sentences. */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '@winning-tickets/core'

/** The store itself fails (full, unwritable, gone): no stage can go on, and what is finished is safe. */
export class StoreError extends UserError {}

/** Temporary files older than this belong to no living process. */
const STALE_MILLISECONDS = 24 * 3600 * 1000

/**
 * Puts a whole, synced file at `path` by way of `temporaryFolder` on the same file system.
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
  await mkdir(dirname(path), { recursive: true })
  await mkdir(temporaryFolder, { recursive: true })
  const temporary = join(temporaryFolder, `${process.pid}-${randomBytes(8).toString('hex')}`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    if (ifThere === 'keep') return await linkIfFree(temporary, path)
    await rename(temporary, path)
    return true
  } finally {
    await rm(temporary, { force: true })
  }
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
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new StoreError(
        `The disk of the store ${location} is full (${code}): free some space and run the same command again, finished runs are kept.`,
      )
    }
    throw new StoreError(
      `The store ${location} cannot be used (${code}): make it readable and writable, or choose another with --store DIR.`,
    )
  }
}

function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
