/** Where reports lie: a folder an experiment, so that the experiments of one project do not overwrite each other's. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { makeBenchmark } from '../testing/command-line.js'
import { type Choice, reportFolder, reportFolders } from './discover.js'

const folder = mkdtempSync(join(tmpdir(), 'discover-'))
afterAll(() => rmSync(folder, { recursive: true }))

function put(path: string, content: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), content)
}

it('finds the reports of every experiment, and where one should be of a project without any', async () => {
  for (const [name, experiments] of [
    ['imp', ['imp', 'lmc', 'imp-conv']],
    ['sanity', ['early-learning', 'later']],
  ] as const) {
    const listed = JSON.stringify(experiments.map((experiment) => ({ name: experiment })))
    makeBenchmark(join(folder, name), `export const benchmark = { experiments: ${listed}, claims: [], kinds: [] }`)
  }
  put('harness/package.json', '{}')
  for (const name of ['imp-conv', 'imp']) put(`imp/out/${name}/results.json`, '{}')
  put('imp/out/early-learning/results.json', 'of an experiment that has moved')
  const expected = ['imp/out/imp', 'imp/out/imp-conv', 'sanity/out/early-learning'].map((path) => join(folder, path))
  expect(await reportFolders(folder)).toEqual(expected)
  const choice = { project: { folder: join(folder, 'imp') }, experiment: { name: 'imp-conv' } } as Choice
  expect(expected).toContain(reportFolder(choice))
})
