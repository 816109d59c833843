/** The import rules of the house are enforced by the linter: plant forbidden imports and see lint fail. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')

/**
 * Lints one file with the given import, planted in a folder of a bare copy of the house (planting it in the checkout
 * itself would break a build that runs at the same time), under the repository's own configuration.
 */
function lint(folder: string, specifier: string): { ok: boolean; output: string } {
  const house = mkdtempSync(join(tmpdir(), 'house-'))
  try {
    const configuration = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
    writeFileSync(join(house, 'biome.json'), JSON.stringify({ ...configuration, vcs: { enabled: false } }))
    const file = join(folder, 'src', 'planted.ts')
    mkdirSync(join(house, folder, 'src'), { recursive: true })
    writeFileSync(join(house, file), `import * as neighbour from '${specifier}'\n\nexport const used = neighbour\n`)
    const run = spawnSync(process.execPath, [biome, 'lint', file], { cwd: house, encoding: 'utf8' })
    return { ok: run.status === 0, output: run.stdout + run.stderr }
  } finally {
    rmSync(house, { recursive: true })
  }
}

describe('imports go one way: benchmarks -> papers -> core -> jit', () => {
  it.each([
    ['packages/jit', '@winning-tickets/core'],
    ['packages/core', '@winning-tickets/imp'],
    ['packages/core', '@winning-tickets/harness'],
    ['packages/imp', '@winning-tickets/snip'],
    ['packages/imp', '@winning-tickets/harness'],
    ['packages/imp', '../../core/src/index.js'],
    ['packages/jit', '../../../core/src/train/train.js'],
    ['benchmarks/harness', '@winning-tickets/imp'],
    ['benchmarks/harness', '@winning-tickets/bench-imp'],
    ['benchmarks/imp', '@winning-tickets/bench-snip'],
    ['benchmarks/synflow', '@winning-tickets/bench-grasp'],
    ['benchmarks/imp', '../../harness/dist/index.js'],
    ['benchmarks/report', '@winning-tickets/core'],
    ['perf', '@winning-tickets/bench-imp'],
  ])('%s must not import %s', (folder, specifier) => {
    const { ok, output } = lint(folder, specifier)
    expect(ok, output).toBe(false)
    expect(output).toContain('noRestrictedImports')
  })

  it.each([
    ['packages/core', '@winning-tickets/jit'],
    ['packages/imp', '@winning-tickets/core'],
    ['benchmarks/harness', '@winning-tickets/core'],
    ['benchmarks/imp', '@winning-tickets/imp'],
    ['benchmarks/imp', '@winning-tickets/harness'],
    ['benchmarks/synflow', '@winning-tickets/grasp'],
    ['benchmarks/report', '@winning-tickets/harness'],
    ['packages/jit', '../trace/graph.js'],
  ])('%s may import %s', (folder, specifier) => {
    const { ok, output } = lint(folder, specifier)
    expect(ok, output).toBe(true)
  })
})

it.each(['packages/jit', 'packages/core', 'packages/imp', 'benchmarks/harness', 'benchmarks/imp', 'perf'])(
  '%s takes TensorFlow.js from jit, which loads it in a third of the time',
  (folder) => {
    const { ok, output } = lint(folder, '@tensorflow/tfjs')
    expect(ok, output).toBe(false)
    expect(output).toContain("import { tf } from '@winning-tickets/jit'")
  },
)
