/** The sources of the packages that stages come from, and plain JavaScript made of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformWithOxc } from 'vite'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..')

/** Folders by the package's name in `@winning-tickets/`; each imports only those before it. */
export const packages = {
  jit: 'packages/jit',
  core: 'packages/core',
  imp: 'packages/imp',
  snip: 'packages/snip',
  grasp: 'packages/grasp',
  synflow: 'packages/synflow',
  harness: 'benchmarks/harness',
  'bench-imp': 'benchmarks/imp',
  'bench-sanity': 'benchmarks/sanity',
} as const
export type PackageName = keyof typeof packages

/** Paths in the repository of a package's sources; tests are among them only if they are named. */
export function sourcesOf(name: PackageName, tests: readonly string[] = []): string[] {
  const folder = join(packages[name], 'src')
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith('.ts') && (!/\.test(ing)?\.ts$/.test(path) || tests.includes(path)))
}

const texts = new Map<string, string>()

/** A source's text, the same for all copies of one process: somebody may be editing it. */
export function sourceText(file: string): string {
  const known = texts.get(file)
  if (known !== undefined) return known
  const text = readFileSync(join(root, file), 'utf8')
  texts.set(file, text)
  return text
}

const scripts = new Map<string, Promise<string>>()

/** The JavaScript of a module in TypeScript, made once for each text. */
export function javascript(file: string, text: string): Promise<string> {
  const key = `${file}\n${text}`
  let script = scripts.get(key)
  if (script === undefined) {
    script = transformWithOxc(text, join(root, file), { sourcemap: false }).then(({ code }) => code)
    scripts.set(key, script)
  }
  return script
}
