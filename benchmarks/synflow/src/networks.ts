/** Claims over several networks: each is judged for itself, all must agree, and the mean is shown. */
import {
  all,
  type Estimate,
  estimate,
  type Finding,
  finding,
  groupsOf,
  nothing,
  type PerSeed,
  type Results,
} from '@winning-tickets/harness'

export interface Part {
  /** In the claim's unit, or the logarithm of a ratio. */
  readonly effect: PerSeed
  readonly verdicts: readonly Finding['verdict'][]
  /** For readers, after the network's name. */
  readonly detail: string
}

/** @param transform from the mean of effects to what is shown: Math.exp for logarithms */
export function overNetworks(
  results: Results,
  of: (network: Results) => Part | undefined,
  transform?: (value: number) => number,
): Finding {
  const parts = [...groupsOf(results)].map(([name, rows]) => ({ name, part: of(rows) }))
  const whole = parts.flatMap(({ name, part }) => (part === undefined ? [] : [{ name, ...part }]))
  if (whole.length === 0 || whole.length < parts.length)
    return nothing('The results lack arms of a network; run the whole grid.')
  const seeds = [...whole[0]!.effect.keys()].filter((seed) => whole.every(({ effect }) => effect.has(seed)))
  if (seeds.length === 0) return nothing('No seed has all arms; run the whole grid.')
  const effect = seeds.map((seed) => whole.reduce((sum, part) => sum + part.effect.get(seed)!, 0) / whole.length)
  const detail = whole.map((part) => `${part.name}: ${part.detail}`).join(' ')
  return finding(all(whole.flatMap(({ verdicts }) => verdicts)), estimate(effect), detail, transform)
}

export const estimateOf = (values: PerSeed): Estimate => estimate([...values.values()])

/** Seed by seed, for the seeds that both have. */
export const pair = (a: PerSeed, b: PerSeed, combine: (a: number, b: number) => number): PerSeed =>
  new Map([...a].flatMap(([seed, value]) => (b.has(seed) ? [[seed, combine(value, b.get(seed)!)] as const] : [])))

export const map = (values: PerSeed, of: (value: number) => number): PerSeed =>
  new Map([...values].map(([seed, value]) => [seed, of(value)]))
