/** Runs golden tests of copies, in one process. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './sources.js'

/** What became of the tests of a copy: undefined, or the message of its failure, by title. */
export type Outcome = Readonly<Record<string, string | undefined>>

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly { readonly title: string; readonly failureMessages?: readonly string[] }[]
  }[]
}

const configuration = `export default {
  cacheDir: './cache',
  test: {
    include: ['**/dist/**/*.test.js'],
    exclude: ['node_modules/**', '*/node_modules/**'],
    isolate: false,
    fileParallelism: false,
    testTimeout: 600_000,
    // Node loads what is tested, as it would in use, and faster than vitest.
    server: { deps: { external: [/\\/dist\\/(?!.*\\.test\\.js$)/] } },
  },
}
`

/** Outcomes of all tests that were copied to a workshop, by the copy's name. The copies share one jit. */
export async function outcomes(workshop: string): Promise<Readonly<Record<string, Outcome | undefined>>> {
  writeFileSync(join(workshop, 'vitest.config.mjs'), configuration)
  const report = join(workshop, 'report.json')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [
    vitest,
    'run',
    '--root',
    workshop,
    '--configLoader',
    'native',
    '--reporter',
    'json',
    '--outputFile',
    report,
  ]
  // It fails, since tests do; if for another reason, there is no report.
  const options = { cwd: workshop, env: environment(), maxBuffer: 2 ** 30 }
  const run = await promisify(execFile)(process.execPath, args, options).catch(
    (failure: { readonly stdout: string; readonly stderr: string }) => failure,
  )
  let found: Report
  try {
    found = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    throw new Error(`vitest gave no report: ${run.stdout}${run.stderr}`)
  }
  const ofCopies: Record<string, Outcome> = {}
  for (const { name, message, assertionResults } of found.testResults) {
    if (assertionResults.length === 0) throw new Error(`${name} has no tests: ${message}`)
    const copy = name.slice(name.indexOf(workshop) + workshop.length + 1).split('/')[0]!
    const entries = assertionResults.map(({ title, failureMessages = [] }) => [title, failureMessages[0]])
    ofCopies[copy] = { ...ofCopies[copy], ...Object.fromEntries(entries) }
  }
  return ofCopies
}

/** Without what the vitest that runs us tells its workers. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
}
