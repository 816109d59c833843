/** Atomic writes: whole or not at all. */
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { writeAtomic } from './atomic.js'

const folder = mkdtempSync(join(tmpdir(), 'atomic-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('writers at the same time leave one whole file', async () => {
  const path = join(folder, 'shared', 'file')
  const contents = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(100_000))
  await Promise.all(contents.map((content) => writeAtomic(path, content)))
  expect(contents).toContain(await readFile(path, 'utf8'))
  expect(await readdir(join(folder, 'shared'))).toEqual(['file'])
})

test('a write that fails leaves nothing behind', async () => {
  const path = join(folder, 'taken')
  await mkdir(path)
  await expect(writeAtomic(path, 'x')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/)
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
})
