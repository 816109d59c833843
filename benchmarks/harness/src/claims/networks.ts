/** Results of several networks: the first word of an arm is its network's name, as in "conv-2 ticket". */
import { modelNames } from '@winning-tickets/core'
import type { Results } from './types.js'

const firstWord = (arm: string): string => arm.slice(0, Math.max(0, arm.indexOf(' ')))

/** The results of each first word, whose arms are then without it: "ticket" for "conv-2 ticket". */
export function groupsOf(results: Results): Map<string, Results> {
  const names = new Set(results.rows.map(({ arm }) => firstWord(arm)))
  return new Map(
    [...names].map((name) => {
      const rows = results.rows
        .filter(({ arm }) => firstWord(arm) === name)
        .map((row) => ({ ...row, arm: row.arm.slice(name.length + 1) }))
      return [name, { ...results, rows }]
    }),
  )
}

/** The results of each network; results whose arms do not begin with the name of a model are those of one, without a name. */
export function networksOf(results: Results): Map<string, Results> {
  const groups = groupsOf(results)
  const known: readonly string[] = modelNames
  const named = groups.size > 0 && [...groups.keys()].every((name) => known.includes(name))
  return named ? groups : new Map([['', results]])
}

/**
 * Results in the parts that are shown for themselves: what arms name before a colon, as in "vgg-19 at 0.1: ticket", where all
 * do, else the networks.
 */
export function panelsOf(results: Results): Map<string, Results> {
  if (!hasPanels(results)) return networksOf(results)
  const split = results.rows.map((row) => ({ row, at: row.arm.indexOf(': ') }))
  const names = new Set(split.map(({ row, at }) => row.arm.slice(0, at)))
  return new Map(
    [...names].map((name) => {
      const own = split.filter(({ row, at }) => row.arm.slice(0, at) === name)
      return [name, { ...results, rows: own.map(({ row, at }) => ({ ...row, arm: row.arm.slice(at + 2) })) }]
    }),
  )
}

/** Whether arms name panels themselves, so that each is drawn for itself and not only listed. */
export const hasPanels = ({ rows }: Results): boolean => rows.length > 0 && rows.every(({ arm }) => arm.includes(': '))
