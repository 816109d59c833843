/** Parts of downloads: found again after a crash, never shared with a living process, never trusted without a note. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimPart } from './part-file.js'

let folder: string
let target: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'part-'))
  target = join(folder, 'data.gz')
})
afterEach(() => rmSync(folder, { recursive: true }))

const origin = { url: 'http://example.test/data.gz', validator: '"one"' }

/** A part of 3 bytes as a process with this id leaves it. */
function leave(pid: number, note: string | undefined = JSON.stringify(origin)): void {
  writeFileSync(`${target}.${pid}-00ff.part`, 'abc')
  if (note !== undefined) writeFileSync(`${target}.${pid}-00ff.part.json`, note)
}

/** The id of a process that has ended. */
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid

test("a dead process's part is taken over, once", async () => {
  leave(deadPid())
  const first = await claimPart(target)
  const second = await claimPart(target)
  expect(await first.resumable()).toEqual({ ...origin, size: 3 })
  expect(readFileSync(first.path, 'utf8')).toBe('abc')
  expect(await second.resumable()).toBeUndefined()
})

test("a living process's part is left alone", async () => {
  leave(process.pid)
  const part = await claimPart(target)
  expect(await part.resumable()).toBeUndefined()
  expect(readFileSync(`${target}.${process.pid}-00ff.part`, 'utf8')).toBe('abc')
})

test.each([
  ['none', undefined],
  ['cut off', '{"url":"http'],
  ['of another kind', '[1]'],
  ['null', 'null'],
])('a part whose note is %s is not resumed', async (_, note) => {
  writeFileSync(`${target}.part`, 'abc')
  if (note !== undefined) writeFileSync(`${target}.part.json`, note)
  expect(await (await claimPart(target)).resumable()).toBeUndefined()
})

test('a part that is given up is found by the next; one without a validator is removed', async () => {
  const first = await claimPart(target)
  await first.begin(origin.url, origin.validator)
  writeFileSync(first.path, 'abcd')
  await first.release()
  const second = await claimPart(target)
  expect(await second.resumable()).toEqual({ ...origin, size: 4 })
  await second.begin(origin.url, undefined)
  await second.release()
  expect(readdirSync(folder)).toEqual([])
})
