/** Property tests draw the same examples in every run (vitest.setup.ts), unless FC_SEED says otherwise. */
import fc from 'fast-check'
import { expect, test } from 'vitest'

function drawn(): number[] {
  const seen: number[] = []
  fc.assert(
    fc.property(fc.integer(), (n) => {
      seen.push(n)
    }),
  )
  return seen
}

test('two runs of a property see the same hundred numbers', () => {
  const first = drawn()
  expect(new Set(first).size).toBeGreaterThan(50)
  expect(drawn()).toEqual(first)
})

test.runIf(!process.env.FC_SEED)('and so do two processes', () => {
  expect(fc.readConfigureGlobal().seed).toBe(20_190_306)
})
