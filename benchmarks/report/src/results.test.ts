/** RESULTS.md says what the committed evidence says. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { committedResults } from '@winning-tickets/harness'
import { expect, it } from 'vitest'

it('RESULTS.md is what "npx tickets evidence export" makes of the committed evidence', async () => {
  const page = readFileSync(fileURLToPath(new URL('../../../RESULTS.md', import.meta.url)), 'utf8')
  expect(page).toBe(await committedResults())
})
