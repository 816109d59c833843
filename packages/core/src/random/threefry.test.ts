/** Threefry against the published known-answer vectors (Random123, tests/kat_vectors, "threefry2x32 20"). */
import { expect, test } from 'vitest'
import { threefry2x32, threefryFill, type Words } from './threefry.js'

const vectors: { name: string; counter: Words; key: Words; out: Words }[] = [
  { name: 'zeros', counter: [0, 0], key: [0, 0], out: [0x6b200159, 0x99ba4efe] },
  {
    name: 'ones',
    counter: [0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    out: [0x1cb996fc, 0xbb002be7],
  },
  {
    name: 'digits of pi',
    counter: [0x243f6a88, 0x85a308d3],
    key: [0x13198a2e, 0x03707344],
    out: [0xc4923a9c, 0x483df7a0],
  },
]

test.each(vectors)('known answer: $name', ({ counter, key, out }) => {
  expect(threefry2x32(key, counter)).toEqual(out)
})

test('a fill counts upwards and carries into the high word', () => {
  const key: Words = [1, 2]
  const out = new Uint32Array(6)
  threefryFill(key, [0xffffffff, 7], out)
  expect([...out]).toEqual([
    ...threefry2x32(key, [0xffffffff, 7]),
    ...threefry2x32(key, [0, 8]),
    ...threefry2x32(key, [1, 8]),
  ])
})
