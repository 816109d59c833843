/** For tests: the files that fixtures/make_image_files.py wrote, and damaged copies of files. */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect } from 'vitest'
import { UserError } from '../errors.js'

const folder = new URL('../../fixtures/images/', import.meta.url)

export const imageFile = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)))

/** What the script says is in a file: SHA-256 of the images as [count, 32, 32, 3], and the labels. */
export const expectedIn = (name: string): { images: string; labels: number[] } =>
  JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'))[name]

/**
 * Files in a campaign of damaged ones: ten thousand with THOROUGH=1, else a tenth, which reach all of the parsers that ten
 * thousand reach but a few refusals, and of those there are examples by hand.
 */
export const CAMPAIGN = process.env.THOROUGH === '1' ? 10_000 : 1000

/** Copies of a file with up to eight bytes changed, a piece cut out or repeated, or the end cut off; and arbitrary bytes. */
export function damaged(original: Uint8Array): fc.Arbitrary<Uint8Array> {
  const at = fc.nat(original.length - 1)
  const changed = fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 8 }).map((changes) => {
    const copy = original.slice()
    for (const [place, value] of changes) copy[place] = value
    return copy
  })
  const spliced = fc.tuple(at, at, at).map(([from, to, end]) => {
    const parts = [original.subarray(0, from), original.subarray(to, Math.max(to, end))]
    return new Uint8Array(Buffer.concat(parts))
  })
  const cut = at.map((length) => original.slice(0, length))
  return fc.oneof(changed, changed, spliced, cut, fc.uint8Array({ maxLength: 300 }))
}

/**
 * What a parser makes of a file, or the reason why it refuses it: the same wherever the file lies in memory, and whatever
 * lies around it there, so nothing beyond its ends is read.
 *
 * @throws what it throws other than UserError
 */
export function outcome<T>(parse: (bytes: Uint8Array) => T, file: Uint8Array): T | string {
  const [first, second] = [0, 0xff].map((around) => {
    const memory = new Uint8Array(file.length + 64).fill(around)
    memory.set(file, 24)
    try {
      return parse(memory.subarray(24, 24 + file.length))
    } catch (error) {
      if (error instanceof UserError) return error.message
      throw error
    }
  })
  expect(isDeepStrictEqual(second, first)).toBe(true)
  return first!
}
