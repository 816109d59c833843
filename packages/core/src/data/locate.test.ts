/** The search for a data set's files: order, Debian's layout, folders that have only a part. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { locate } from './locate.js'
import { fashionMnist } from './mnist.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'locate-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** The files that Debian's package dataset-fashion-mnist installs in /usr/share/datasets/fashion-mnist. */
const debian = [
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
]
const put = (place: string, names: readonly string[]) => {
  mkdirSync(join(folder, place), { recursive: true })
  for (const name of names) writeFileSync(join(folder, place, name), '')
}
const find = (env: Record<string, string> = {}) =>
  locate(fashionMnist, {
    env: { XDG_CACHE_HOME: join(folder, 'cache'), ...env },
    systemFolder: join(folder, 'usr/share/datasets'),
  })

test("Debian's layout is found, the user's folder goes before it, the cache after", () => {
  expect(find()).toBeUndefined()
  const cache = 'cache/winning-tickets/fashion-mnist'
  put(cache, debian)
  expect(find()).toEqual({ folder: join(folder, cache), kind: 'cache' })
  const zipped = debian.map((name) => `${name}.gz`)
  put('usr/share/datasets/fashion-mnist', zipped)
  expect(find()).toEqual({ folder: join(folder, 'usr/share/datasets/fashion-mnist'), kind: 'system' })
  put('mine/fashion-mnist', [...zipped.slice(2), ...debian.slice(0, 2)])
  const mine = { TICKETS_DATA_DIR: join(folder, 'mine') }
  expect(find(mine)).toEqual({ folder: join(folder, 'mine/fashion-mnist'), kind: 'TICKETS_DATA_DIR' })
})

test("a part of the files is passed over, but in the user's own folder it is a mistake to report", () => {
  put('usr/share/datasets/fashion-mnist', debian.slice(1))
  put('mine/fashion-mnist', debian.slice(1))
  expect(find()).toBeUndefined()
  const mine = () => find({ TICKETS_DATA_DIR: join(folder, 'mine') })
  expect(mine).toThrow(UserError)
  expect(mine).toThrow('lacks t10k-images-idx3-ubyte; add it or unset TICKETS_DATA_DIR.')
  mkdirSync(join(folder, 'other'))
  expect(find({ TICKETS_DATA_DIR: join(folder, 'other') })).toBeUndefined()
})
