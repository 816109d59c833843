/** Folders are synced when something in them got a name, and what cannot be synced is no error. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { writeAtomic } from './atomic.js'
import { makeFolders, syncFolder } from './folders.js'

const folder = mkdtempSync(join(tmpdir(), 'folders-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The folders that were synced, and the error that the next syncs give. */
const seen = vi.hoisted(() => ({ synced: [] as string[], error: undefined as string | undefined }))
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const open = async (path: string, flags: string) => {
    const file = await real.open(path, flags)
    if (flags !== 'r') return file
    const sync = async () => {
      seen.synced.push(path)
      if (seen.error !== undefined) throw Object.assign(new Error(seen.error), { code: seen.error })
      await file.sync()
    }
    return { sync, close: () => file.close() }
  }
  return { ...real, open }
})
beforeEach(() => {
  seen.synced = []
  seen.error = undefined
})

test('a new file has its folder synced, and a new folder the one above it', async () => {
  const path = join(folder, 'a', 'b', 'file')
  await writeAtomic(path, 'x')
  expect(seen.synced).toEqual([folder, join(folder, 'a'), join(folder, 'a', 'b')])
  await writeAtomic(path, 'y')
  expect(seen.synced.slice(3)).toEqual([join(folder, 'a', 'b')])
})

test.each(['EINVAL', 'EBADF', 'EPERM'])('a system that cannot do it (%s) does without', async (code) => {
  seen.error = code
  await makeFolders(join(folder, code))
  await syncFolder(folder)
  expect(existsSync(join(folder, code))).toBe(true)
})

test.each(['EIO', 'ENOSPC'])('a disk that fails (%s) is an error', async (code) => {
  seen.error = code
  await expect(writeAtomic(join(folder, 'lost'), 'x')).rejects.toThrow(code)
})
