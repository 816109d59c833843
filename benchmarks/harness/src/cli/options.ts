/** Option values and errors that the commands share: one clear sentence, no stack trace. */
import { UserError } from '@winning-tickets/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { PROFILES } from '../experiment/profile.js'
import type { SeedRange } from '../experiment/seeds.js'
import { parseDuration } from './duration.js'

export const profileOption = () =>
  new Option(
    '-p, --profile <profile>',
    'smoke (minutes, shipped data), small (minutes to hours), paper (the paper’s setting)',
  )
    .choices([...PROFILES])
    .default('smoke')

export const storeOption = () =>
  new Option('--store <dir>', 'folder that remembers finished stages (default: TICKETS_STORE, else the user’s cache)')

export const seedsOption = () =>
  new Option('-s, --seeds <n|m-n>', 'seeds 1 to n, or a range such as 3-5, instead of the profile’s').argParser(
    seedRange,
  )

/** Seeds 1 to n, or from the first to the last of a range. */
function seedRange(text: string): SeedRange {
  const match = /^(?:(\d{1,4})-)?(\d{1,4})$/.exec(text)
  const [first, last] = [Number(match?.[1] ?? 1), Number(match?.[2])]
  if (match === null || first < 1 || first > last || last > 1000) {
    throw new InvalidArgumentError(
      'Give a whole number from 1 to 1000, or the first and the last of a range, such as 3-5.',
    )
  }
  return { first, last }
}

export const jsonOption = () => new Option('--json', 'machine-readable output on standard output')

/**
 * A flag that must be given. Commander's `requiredOption` is checked before unknown flags are, so that one with a typo in it
 * would be called missing; this is checked after them.
 */
export function addRequired(command: Command, option: Option): Command {
  return command.addOption(option).hook('preAction', (_, action) => {
    if (action.getOptionValue(option.attributeName()) !== undefined) return
    action.error(`error: required option '${option.flags}' not specified`)
  })
}

/** A whole number in a range, as a parser for commander. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
      throw new InvalidArgumentError(`Give a whole number ${range}.`)
    }
    return value
  }
}

/** A length of time in seconds, for commander. */
export function timeSpan(text: string): number {
  const seconds = parseDuration(text)
  if (seconds === undefined) throw new InvalidArgumentError('Give a time such as 150m, 2h, 1h30m or 45s.')
  return seconds
}

/** A number in an interval: above `low` (or equal, if `closed`), at most `high`. */
export function numberWithin(low: number, high: number, closed = false): (text: string) => number {
  return (text) => {
    const value = Number(text)
    const fits = text.trim() !== '' && Number.isFinite(value) && (closed ? value >= low : value > low) && value <= high
    if (!fits) {
      const open = high === Number.POSITIVE_INFINITY
      const range = closed
        ? `${open ? 'of at least' : 'from'} ${low}${open ? '' : ` to ${high}`}`
        : `above ${low}${open ? '' : ` and at most ${high}`}`
      throw new InvalidArgumentError(`Give a number ${range}.`)
    }
    return value
  }
}

/** Tells of trouble that does not end the command. */
export const warn = (message: string): void => void process.stderr.write(`warning: ${message}\n`)

/** Ctrl-C or TERM, told in a sentence that says how to go on. */
export class Interruption extends UserError {}

/** How the command ends for an error: 130 for an interruption, else 1. Unexpected errors say how to see their stack. */
export function reportError(error: unknown): number {
  const known =
    error instanceof UserError || (error instanceof Error && /^(Store|Signature|Engine)Error$/.test(error.name))
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`tickets: ${message.split('\n')[0]}\n`)
  if (process.env.WT_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  else if (!known)
    process.stderr.write('This is not expected: set WT_DEBUG=1 to see where it happened, and report it.\n')
  return error instanceof Interruption ? 130 : 1
}
