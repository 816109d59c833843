/** RESULTS.md and the README's table of claims say what the committed evidence says. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { committedResults } from '@winning-tickets/harness'
import { expect, it } from 'vitest'

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../../${name}`, import.meta.url)), 'utf8')

it('RESULTS.md and README are what "npx tickets evidence export" makes of the committed evidence', async () => {
  const committed = await committedResults()
  expect(read('RESULTS.md')).toBe(committed.page)
  const readme = read('README.md')
  expect(readme).toContain('| LTH-1 |')
  expect(readme).toBe(committed.readme(readme))
})
