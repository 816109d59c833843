/** Claims at the best of several choices, where the choice must not flatter its own estimate. */
import type { PerSeed } from '@winning-tickets/harness'

/** A level or a rewind point: its numbers, and what it is chosen by. */
export interface Choice {
  readonly values: PerSeed
  /** Validation, where the values are of test examples, which all seeds share (trap T1); by default the values. */
  readonly guide?: PerSeed
}

/**
 * Each seed's number at the choice that is best for the other seeds. Unlike the best of means, this is not flattered by the
 * choice, so an interval of it means what it says.
 *
 * @throws Error if guides are not finite: a run that diverged must be reported, not passed over
 */
export function bestForOthers(choices: readonly Choice[]): PerSeed {
  const [first, ...more] = choices.flatMap(({ values, guide = values }) => [values, guide])
  if (first === undefined) return new Map()
  const seeds = [...first.keys()].filter((seed) => more.every((each) => each.has(seed)))
  const chosenFor = (seed: number): PerSeed => {
    const others = seeds.length === 1 ? seeds : seeds.filter((other) => other !== seed)
    const sums = choices.map(({ values, guide = values }) => others.reduce((sum, other) => sum + guide.get(other)!, 0))
    if (!sums.every(Number.isFinite))
      throw new Error(`Choices are compared by ${sums.join(', ')}; only finite sums can be.`)
    return choices[sums.indexOf(Math.max(...sums))]!.values
  }
  return new Map(seeds.map((seed) => [seed, chosenFor(seed).get(seed)!]))
}
