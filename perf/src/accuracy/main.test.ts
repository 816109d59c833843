/** The command on files of lines that others might have left; nothing is trained here. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { accuracyRecipe } from './recipe.js'

const main = fileURLToPath(new URL('../../dist/accuracy/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'perf-accuracy-'))
afterAll(() => rmSync(folder, { recursive: true }))
const accuracy = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })

it('summarises the runs of its recipe, and no others', () => {
  const file = join(folder, 'some.jsonl')
  const recipe = accuracyRecipe()
  const lines = [
    { side: 'ours', seed: 1, testAccuracy: 0.5, recipe },
    { side: 'peer', seed: 1, testAccuracy: 0.75, recipe },
    { side: 'ours', seed: 2, testAccuracy: 0.25, recipe },
    { side: 'ours', seed: 3, testAccuracy: 0.99, recipe: { ...recipe, epochs: 1 } },
  ]
  writeFileSync(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
  const { stdout, stderr } = accuracy('--summary', '--json', '--out', file)
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({
    seeds: { ours: 2, peer: 1 },
    ours: { mean: 0.375 },
    peer: { mean: 0.75, low: null, high: null },
    difference: { mean: -0.375 },
    equal: null,
  })
})

it.each([
  ['--seeds', '0'],
  ['--seeds', 'many'],
  ['--summary', '--out', join(folder, 'none.jsonl')],
  ['--no-such-option'],
])('refuses %s %s in one sentence', (...args) => {
  const { status, stderr } = accuracy(...args)
  expect(status).toBe(1)
  expect(stderr).toMatch(/^perf:accuracy: [^\n]*\n$/)
})

it('has 20 epochs of 10,000 images: 78 full batches of 128 each, drops at half and three quarters', () => {
  expect(accuracyRecipe()).toMatchObject({ train: 10_000, epochs: 20, iterations: 1560, drops: [780, 1170] })
})
