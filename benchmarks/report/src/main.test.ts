/** The joint report of this checkout, whatever benches have run here before. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

it('prints every paper or says how to run it, and writes a page', () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [main], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(stdout).toMatch(/LTH-1|imp: no results yet; run "npx tickets bench imp"/)
  const page = fileURLToPath(new URL('../out/index.html', import.meta.url))
  expect(existsSync(page)).toBe(true)
  expect(readFileSync(page, 'utf8')).toContain('claims and verdicts')
})
