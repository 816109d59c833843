/** What the claims over several networks share. */
import type { PerSeed } from '@winning-tickets/harness'

/** For whoever has not run them. */
export const ALL_ARMS = 'rows of every arm of every network'

export const map = (values: PerSeed, of: (value: number) => number): PerSeed =>
  new Map([...values].map(([seed, value]) => [seed, of(value)]))
