/** Methods are found by their packages' manifests, and a package that offers none says so in one sentence. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { coreMethods, UserError } from '@winning-tickets/core'
import { afterAll, expect, it } from 'vitest'
import { discoverMethods } from './methods.js'

const folder = mkdtempSync(join(tmpdir(), 'methods-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder of packages: the module of each, or none where it is not built. */
function packages(name: string, modules: Readonly<Record<string, string | undefined>>): string {
  for (const [project, module] of Object.entries(modules)) {
    const at = join(folder, name, project)
    mkdirSync(at, { recursive: true })
    writeFileSync(join(at, 'package.json'), '{"winning-tickets": {"methods": "./index.mjs"}}')
    if (module !== undefined) writeFileSync(join(at, 'index.mjs'), module)
  }
  return join(folder, name)
}
const offering = (name: string) =>
  `export const methods = [{ name: '${name}', trains: false, options: {}, forDensity() {}, findTicket() {}, findScored() {} }]`

it("core's come first, then the packages' by name of folder", async () => {
  const found = await discoverMethods(packages('good', { b: offering('second'), a: offering('first') }))
  const core = coreMethods.map(({ name }) => name)
  expect(found.map(({ name }) => name)).toEqual([...core, 'first', 'second'])
})

it.each([
  ['unbuilt', { a: undefined }, /index\.mjs cannot be loaded .*: run "npm run build" first\.$/],
  ['other', { a: 'export const method = 1' }, /index\.mjs must export "methods"/],
  ['partial', { a: "export const methods = [{ name: 'x', trains: false }]" }, /each with a name, trains, options/],
  ['twice', { a: offering('same'), b: offering('same') }, 'Two packages have a method "same"; rename one.'],
  ['core', { a: offering('magnitude') }, 'Two packages have a method "magnitude"; rename one.'],
])('%s is refused', async (name, modules, sentence) => {
  const found = discoverMethods(packages(name, modules))
  await expect(found).rejects.toThrow(UserError)
  await expect(found).rejects.toThrow(sentence)
})
