/** Dependencies are pinned exactly, and each has its reason in docs/dependencies.md. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')

interface Manifest {
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly allowScripts?: Record<string, boolean>
  readonly engines?: Record<string, string>
}

const folders = ['packages', 'benchmarks', 'tools'].flatMap((parent) =>
  readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(parent, name)),
)
const manifests = ['.', 'perf', ...folders].flatMap((folder) => {
  try {
    return [[folder, JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest] as const]
  } catch {
    return [] // tools/oracles is Python
  }
})
const reasons = readFileSync(join(root, 'docs/dependencies.md'), 'utf8')

describe.each(manifests)('%s', (_, { dependencies = {}, devDependencies = {}, engines }) => {
  const all = Object.entries({ ...dependencies, ...devDependencies })

  it('pins every dependency exactly', () => {
    for (const [name, version] of all) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/)
  })

  it('gives a reason for each, with its version', () => {
    for (const [name, version] of all) {
      if (name.startsWith('@winning-tickets/') || name.startsWith('@types/')) continue
      expect(reasons, name).toContain(`${name} ${version}`)
    }
  })

  it('runs on Node 20.19', () => {
    expect(engines?.node).toBe('>=20.19')
  })
})

it('no install script may fetch anything', () => {
  const [[, { allowScripts = {} }]] = manifests as [(typeof manifests)[number]]
  expect(allowScripts['onnxruntime-node']).toBe(false)
  expect(Object.values(allowScripts).every((allowed) => allowed === false)).toBe(true)
  expect(readFileSync(join(root, '.npmrc'), 'utf8')).toContain('onnxruntime-node-install=skip')
})
