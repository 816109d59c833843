/** The import rules of the house are enforced by the linter: plant forbidden imports and see lint fail. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')

/** An import that is planted in a package. */
type Planted = readonly [folder: string, specifier: string]

const forbidden: readonly Planted[] = [
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
]
const allowed: readonly Planted[] = [
  ['packages/core', '@winning-tickets/jit'],
  ['packages/imp', '@winning-tickets/core'],
  ['benchmarks/harness', '@winning-tickets/core'],
  ['benchmarks/imp', '@winning-tickets/imp'],
  ['benchmarks/imp', '@winning-tickets/harness'],
  ['benchmarks/synflow', '@winning-tickets/grasp'],
  ['benchmarks/report', '@winning-tickets/harness'],
  ['packages/jit', '../trace/graph.js'],
]
/** Node takes three times as long to import TensorFlow.js as jit to require it. */
const slow: readonly Planted[] = [
  ...['packages/jit', 'packages/core', 'packages/imp', 'benchmarks/harness', 'benchmarks/imp', 'perf'].map(
    (folder) => [folder, '@tensorflow/tfjs'] as const,
  ),
  ['packages/core', '@tensorflow/tfjs-core'],
]

const fileOf = ([folder, specifier]: Planted): string =>
  `${folder}/src/planted-${specifier.replaceAll(/[^a-z]+/g, '-')}.ts`

/**
 * What lint says of each planted file, by its path. They lie in a bare copy of the house (planting them in the checkout itself
 * would break a build that runs at the same time), under the repository's own configuration, and are linted in one go.
 */
function lint(planted: readonly Planted[]): ReadonlyMap<string, readonly string[]> {
  const house = mkdtempSync(join(tmpdir(), 'house-'))
  try {
    const configuration = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
    writeFileSync(join(house, 'biome.json'), JSON.stringify({ ...configuration, vcs: { enabled: false } }))
    for (const each of planted) {
      const file = join(house, fileOf(each))
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `import * as neighbour from '${each[1]}'\n\nexport const used = neighbour\n`)
    }
    const args = [biome, 'lint', '--reporter=github', '--max-diagnostics=none']
    const { stdout } = spawnSync(process.execPath, args, { cwd: house, encoding: 'utf8' })
    const said = stdout.split('\n').filter((line) => line.startsWith('::'))
    return new Map(planted.map(fileOf).map((file) => [file, said.filter((line) => line.includes(`/${file},`))]))
  } finally {
    rmSync(house, { recursive: true })
  }
}

const said = lint([...forbidden, ...allowed, ...slow])

describe('imports go one way: benchmarks -> papers -> core -> jit', () => {
  it.each(forbidden)('%s must not import %s', (...planted) => {
    expect(said.get(fileOf(planted))!.join('\n')).toContain('noRestrictedImports')
  })

  it.each(allowed)('%s may import %s', (...planted) => {
    expect(said.get(fileOf(planted))).toEqual([])
  })
})

it.each(slow)('%s takes %s from jit', (...planted) => {
  expect(said.get(fileOf(planted))!.join('\n')).toContain("import { tf } from '@winning-tickets/jit'")
})
