/** Where reports lie: a folder an experiment, so that the experiments of one project do not overwrite each other's. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type Choice, reportFolder, reportFolders } from './discover.js'

const folder = mkdtempSync(join(tmpdir(), 'discover-'))
afterAll(() => rmSync(folder, { recursive: true }))

function put(path: string, content: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), content)
}

it('finds the reports of every experiment, and where one should be of a project without any', () => {
  for (const name of ['imp', 'snip']) {
    put(`${name}/package.json`, '{"winning-tickets": {"benchmark": "./dist/index.js"}}')
  }
  put('harness/package.json', '{}')
  for (const name of ['imp-conv', 'imp']) put(`imp/out/${name}/results.json`, '{}')
  put('imp/out/index.html', 'of an older version')
  const expected = ['imp/out/imp', 'imp/out/imp-conv', 'snip/out/snip'].map((path) => join(folder, path))
  expect(reportFolders(folder)).toEqual(expected)
  const choice = { project: { folder: join(folder, 'imp') }, experiment: { name: 'imp-conv' } } as Choice
  expect(expected).toContain(reportFolder(choice))
})
