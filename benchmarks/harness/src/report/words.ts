/** Numbers and runs in words, the same in the terminal, on pages and in plots. */
import type { ClaimRecord, Results } from '../claims/types.js'
import type { Profile } from '../experiment/profile.js'
import { seedsOf } from './series.js'

/** About three significant digits, without the exponents and tails that make a column hard to read. */
export function short(value: number | null): string {
  if (value === null) return '-'
  const size = Math.abs(value)
  return size >= 1000 ? value.toFixed(0) : value.toFixed(size >= 10 ? 1 : 2)
}

/** "1.23 [0.50, 1.96] pp", or a dash where nothing was measured. */
export function effectText({ effect, low, high, unit }: ClaimRecord): string {
  if (effect === null) return '-'
  const interval = low === null || high === null ? '' : ` [${short(low)}, ${short(high)}]`
  return `${short(effect)}${interval} ${unit}`
}

export const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`

/** The data set with what a reader must know of it: "fashion-mnist-extract (class-balanced ...)". */
export const datasetText = ({ dataset: { name, note } }: Results) => (note === undefined ? name : `${name} (${note})`)

/** What a reader must know of the runs behind a table or plot: data, note, profile, seeds, interval. */
export function subtitle(results: Results): string {
  const seeds = seedsOf(results).length
  return `${datasetText(results)}, profile ${results.profile}, ${count(seeds, 'seed')}, mean and 95% interval`
}

/** What verdicts at a profile are worth. */
export const PROFILE_TEXT: Readonly<Record<Profile, string>> = {
  smoke: 'smoke: minutes, to see that everything works. Signs and orderings are tested, not the paper’s figures.',
  small: 'small: minutes to hours on two cores. Signs and orderings are tested, not the paper’s figures.',
  paper: 'paper: the paper’s setting, and its figures are tested too.',
}

/** "2 supported, 6 inconclusive". */
export function tally(claims: readonly ClaimRecord[]): string {
  const verdicts = ['supported', 'contradicted', 'inconclusive', 'not run'] as const
  return verdicts
    .map((verdict) => ({ verdict, times: claims.filter((claim) => claim.verdict === verdict).length }))
    .filter(({ times }) => times > 0)
    .map(({ verdict, times }) => `${times} ${verdict}`)
    .join(', ')
}

/** "3 h 12 min", "41 s": for readers, not for arithmetic. */
export function durationText(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  if (seconds < 90) return `${Math.round(seconds)} s`
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
