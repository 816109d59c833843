/** The command `tickets`. */
import { createRequire } from 'node:module'
import type { Method } from '@winning-tickets/core'
import { Command, CommanderError } from 'commander'
import { BENCHMARKS } from '../experiment/discover.js'
import { discoverMethods } from '../experiment/methods.js'
import { benchCommand } from './bench.js'
import { claimsCommand } from './claims.js'
import { dataCommand } from './data.js'
import { evidenceCommand } from './evidence.js'
import { exportCommand } from './export.js'
import { findCommand } from './find.js'
import { inspectCommand } from './inspect.js'
import { reportError } from './options.js'
import { statusCommand } from './status.js'
import { storeCommand } from './store.js'
import { trainCommand } from './train.js'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

export interface MainOptions {
  /** The folder whose subfolders are the benchmark projects; default: this repository's benchmarks/. */
  readonly benchmarks?: string
  /** The folder whose subfolders are the papers' packages; default: this repository's packages/. */
  readonly packages?: string
}

interface Surroundings extends Pick<MainOptions, 'benchmarks'> {
  /** What `find` finds tickets by. */
  readonly methods: readonly Method[]
}

/** Builds the program; every command throws instead of ending the process. */
export function createProgram({ benchmarks = BENCHMARKS, methods }: Surroundings): Command {
  const program = new Command('tickets')
  program
    .description('Run the experiments of the lottery ticket papers, and judge their claims.')
    .version(version)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  tickets bench                      every paper at the smoke profile, then the verdicts
  tickets bench imp --profile small  one paper, two cores, minutes to hours
  tickets claims --json              verdicts for a program
  tickets status                     what is done, running and waiting
  tickets data list                  data sets and where they are
  tickets find -M snip --density 0.1 a ticket by any method
  tickets inspect ticket.safetensors what is left of each layer
  tickets export ticket.safetensors -o ticket.onnx
  tickets train --density 0.1        one training run`,
    )
  const commands = [
    benchCommand,
    claimsCommand,
    statusCommand,
    evidenceCommand,
    storeCommand,
    dataCommand,
    () => findCommand(program, methods),
    inspectCommand,
    exportCommand,
    trainCommand,
  ]
  for (const add of commands) add(program, benchmarks)
  quiet(program)
  return program
}

/** Errors are one sentence on standard error, with the remedy. */
function quiet(command: Command): void {
  command.exitOverride()
  command.configureOutput({ outputError: (text, write) => write(`tickets: ${usageSentence(text, pathOf(command))}\n`) })
  for (const child of command.commands) quiet(child)
}

/** commander's "error: unknown option '--wokers'\n(Did you mean --workers?)" as one sentence. */
function usageSentence(text: string, path: string): string {
  const sentence = text
    .trim()
    .replace(/^error: (.)/, (_, first: string) => first.toUpperCase())
    .replace(/\.? ?\n\(/, ' (')
    .replace(/\. (Expected|Give|Allowed)/, (_, word: string) => `: ${word.toLowerCase()}`)
    .replace(/\.$/, '')
  return `${sentence}; see "${path} --help".`
}

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`

/** `tickets claims | head`: the reader has seen enough. */
const endWithReader = (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1)

/** Runs the command line and sets the exit code. */
export async function main(argv: readonly string[], options: MainOptions = {}): Promise<void> {
  process.stdout.off('error', endWithReader).on('error', endWithReader)
  try {
    // Other commands need no methods, and should not wait for them.
    const methods = argv.slice(2).includes('find') ? await discoverMethods(options.packages) : []
    await createProgram({ ...options, methods }).parseAsync([...argv])
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else process.exitCode = reportError(error)
  }
}
