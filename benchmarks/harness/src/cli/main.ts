/** The command `tickets`. */
import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { benchCommand } from './bench.js'
import { claimsCommand } from './claims.js'
import { dataCommand } from './data.js'
import { reportError } from './options.js'
import { trainCommand } from './train.js'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** Builds the program; every command throws instead of ending the process. */
export function createProgram(): Command {
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
  tickets data list                  data sets and where they are
  tickets train --density 0.1        one training run`,
    )
  for (const add of [benchCommand, claimsCommand, dataCommand, trainCommand]) add(program)
  quiet(program)
  return program
}

/** Errors are one sentence on standard error, without commander's "error:" and the usage below it. */
function quiet(command: Command): void {
  command.exitOverride()
  command.configureOutput({
    outputError: (text, write) =>
      write(text.replace(/^error: (.)/, (_, first: string) => `tickets: ${first.toUpperCase()}`)),
  })
  for (const child of command.commands) quiet(child)
}

/** Runs the command line and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync([...argv])
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else process.exitCode = reportError(error)
  }
}
