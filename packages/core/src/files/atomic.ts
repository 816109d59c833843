/** Atomic file writes: a reader sees the old file or the whole new one, never a part. */
import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders, syncFolder } from './folders.js'

/**
 * Writes a file by way of a temporary file in the same folder, synced and then renamed; makes missing folders. When it
 * returns, a power cut does not take the file away, where the system can sync folders.
 *
 * The library `write-file-atomic` is not used: it ignores the count that `write` returns, so on a full disk it puts a
 * truncated file in place and reports success (version 7.0.1).
 *
 * @throws the system's error (ENOSPC, EACCES ...); the old file is then untouched and the temporary file gone, but where the
 *   very last step fails, syncing the folder: then the new file is there already
 */
export async function writeAtomic(path: string, content: Uint8Array | string): Promise<void> {
  await makeFolders(dirname(path))
  const temporary = `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
