/** Folders that are made and filled so that a power cut takes nothing back. */
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes a folder and those above it. Node's own `recursive` never returns where the system refuses with ENOENT (/proc). */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolders(dirname(path))
    await mkdir(path).catch((second) => {
      if (codeOf(second) !== 'EEXIST') throw second
    })
  }
  await syncFolder(dirname(path))
}

/** What systems say that sync no folders (Windows, some network file systems), or none that may only be written. */
const UNABLE = ['EINVAL', 'EBADF', 'ENOTSUP', 'EOPNOTSUPP', 'EISDIR', 'EACCES', 'EPERM']

/** Makes the names in a folder last, where the system can. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  } catch (error) {
    if (!UNABLE.includes(codeOf(error) ?? '')) throw error
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code
