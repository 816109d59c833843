/** The command `tickets` in tests: in this process, which is fast, or in one of its own, with workers. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main } from '../cli/main.js'

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  /** Folder of benchmark projects; default this repository's. */
  readonly benchmarks?: string
  /** Variables to set, or with undefined to unset. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Built files, which processes of their own run, seen from src/testing and dist/testing alike. */
export const built = (path: string) => new URL(`../../dist/${path}`, import.meta.url).href

/** Makes a folder of benchmark projects, each of which offers what a module of dist/testing/ exports. */
export function makeBenchmarks(benchmarks: string, names: readonly string[]): string {
  for (const name of names)
    makeBenchmark(join(benchmarks, name), `export { benchmark } from '${built(`testing/${name}.js`)}'`)
  return benchmarks
}

/** Makes one benchmark project with the given module. */
export function makeBenchmark(project: string, module: string): void {
  mkdirSync(project, { recursive: true })
  writeFileSync(join(project, 'package.json'), '{"winning-tickets": {"benchmark": "./index.mjs"}}')
  writeFileSync(join(project, 'index.mjs'), module)
}

/** Runs a command line in this process. One at a time: it stands in for standard output and error meanwhile. */
export const ticketsHere = (args: readonly string[], surroundings?: Surroundings): Promise<Outcome> =>
  run(main, args, surroundings)

/** The same with built files, which a bench needs that starts worker processes. */
export async function ticketsBuilt(args: readonly string[], surroundings?: Surroundings): Promise<Outcome> {
  const module: { readonly main: typeof main } = await import(built('cli/main.js'))
  return run(module.main, args, surroundings)
}

async function run(
  entry: typeof main,
  args: readonly string[],
  { benchmarks, env = {} }: Surroundings = {},
): Promise<Outcome> {
  const { exitCode } = process
  const [out, err] = [capture(process.stdout), capture(process.stderr)]
  const restore = setVariables({ WT_DEBUG: undefined, ...env })
  process.exitCode = 0
  try {
    await entry(['node', 'tickets', ...args], benchmarks === undefined ? {} : { benchmarks })
    return { status: Number(process.exitCode), stdout: out.text(), stderr: err.text() }
  } finally {
    out.release()
    err.release()
    restore()
    process.exitCode = exitCode
  }
}

function capture(stream: NodeJS.WriteStream) {
  const { write } = stream
  let text = ''
  stream.write = (part: string | Uint8Array) => {
    text += typeof part === 'string' ? part : Buffer.from(part).toString('utf8')
    return true
  }
  return {
    text: () => text,
    release: () => {
      stream.write = write
    },
  }
}

function setVariables(wanted: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.keys(wanted).map((name) => [name, process.env[name]] as const)
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  for (const [name, value] of Object.entries(wanted)) set(name, value)
  return () => {
    for (const [name, value] of before) set(name, value)
  }
}

/** What to give `spawn` for a command line in a process of its own. */
export function commandLine(args: readonly string[], { benchmarks, env }: Surroundings = {}) {
  const options = JSON.stringify(benchmarks === undefined ? {} : { benchmarks })
  const script = `const { main } = await import('${built('cli/main.js')}')
    await main(['node', 'tickets', ...process.argv.slice(1)], ${options})`
  return {
    args: ['--input-type=module', '-e', script, '--', ...args],
    env: { ...process.env, WT_DEBUG: undefined, ...env },
  }
}
