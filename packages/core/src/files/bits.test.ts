/** Packed masks: round trips, the layout NumPy uses, and refusal of damaged ones. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { packBits, unpackBits } from './bits.js'

test('what is packed is unpacked', () => {
  fc.assert(
    fc.property(fc.uint8Array({ max: 1, maxLength: 100 }), (flags) => {
      const packed = packBits(flags)
      expect(packed.length).toBe(Math.ceil(flags.length / 8))
      expect(unpackBits(packed, flags.length)).toEqual(flags)
    }),
  )
})

test("the layout is that of NumPy's packbits with bitorder little", () => {
  // np.packbits([1,0,0,0,0,0,0,1, 0,1,1], bitorder='little') == [129, 6]
  expect([...packBits(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1))]).toEqual([129, 6])
})

test('damaged masks are refused', () => {
  expect(() => packBits(Uint8Array.of(0, 2))).toThrow('element 1 is 2')
  expect(() => unpackBits(Uint8Array.of(1), 9)).toThrow(UserError)
  expect(() => unpackBits(Uint8Array.of(1, 1), 8)).toThrow('has 1 bytes, this one 2')
  expect(() => unpackBits(Uint8Array.of(1, 8), 11)).toThrow('after its end')
})
