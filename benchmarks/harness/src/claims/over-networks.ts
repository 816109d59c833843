/** Claims over several networks or other groups of arms: each is judged for itself, all must agree, and the mean is shown. */
import { type Estimate, estimate } from '../statistics/estimate.js'
import { all, finding } from '../statistics/verdict.js'
import { groupsOf } from './networks.js'
import type { PerSeed } from './query.js'
import { needs } from './told.js'
import type { Finding, Results, Verdict } from './types.js'

/** What one network has to say. */
export interface NetworkPart {
  /** Its effect, in the claim's unit, or the logarithm of a ratio. */
  readonly effect: PerSeed
  /** Of all that the claim asks for. */
  readonly verdicts: readonly Verdict[]
  /** For readers, after the network's name. */
  readonly detail: string
}

/**
 * @param of what a network says; nothing, if its rows are not there
 * @param wanted what the rows should be, for whoever has not run them
 * @param transform from the mean of effects to what is shown: Math.exp for logarithms
 */
export function overNetworks(
  results: Results,
  of: (network: Results) => NetworkPart | undefined,
  wanted: string,
  transform?: (value: number) => number,
): Finding {
  const missing = needs(wanted)
  const networks = [...groupsOf(results)].map(([name, rows]) => ({ name, part: of(rows) }))
  const parts = networks.flatMap(({ part }) => part ?? [])
  if (parts.length < networks.length) return missing
  const effect = meanOf(parts.map((part) => part.effect))
  if (effect.size === 0) return missing
  const detail = networks.map(({ name, part }) => `${name}: ${part!.detail}`).join(' ')
  return finding(all(parts.flatMap(({ verdicts }) => verdicts)), estimateOf(effect), detail, transform)
}

export const estimateOf = (values: PerSeed, confidence?: number): Estimate => estimate([...values.values()], confidence)

/** Seed by seed, for the seeds that both have. */
export const pair = (a: PerSeed, b: PerSeed, combine: (a: number, b: number) => number): PerSeed =>
  new Map([...a].flatMap(([seed, value]) => (b.has(seed) ? [[seed, combine(value, b.get(seed)!)] as const] : [])))

/** The mean of several numbers of each seed that has them all. */
export function meanOf(values: readonly PerSeed[]): PerSeed {
  const [first, ...others] = values
  if (first === undefined) return new Map()
  const sum = others.reduce((sum, other) => pair(sum, other, (a, b) => a + b), first)
  return new Map([...sum].map(([seed, value]) => [seed, value / values.length]))
}
