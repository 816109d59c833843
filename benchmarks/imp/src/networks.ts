/** Claims at the best of several choices, where the choice must not flatter its own estimate. */
import type { PerSeed } from '@winning-tickets/harness'

/**
 * Each seed's number at the choice (level, rewind point) that is best for the other seeds. Unlike the best of means, this
 * is not flattered by the choice, so an interval of it means what it says.
 *
 * @param guides what choices are compared by, in their order: validation, where the numbers are of test examples, which all
 * seeds share (trap T1)
 */
export function bestForOthers(choices: readonly PerSeed[], guides: readonly PerSeed[] = choices): PerSeed {
  const [first, ...more] = [...choices, ...guides]
  if (first === undefined) return new Map()
  const seeds = [...first.keys()].filter((seed) => more.every((values) => values.has(seed)))
  const chosenFor = (seed: number): number => {
    const others = seeds.length === 1 ? seeds : seeds.filter((other) => other !== seed)
    const sums = guides.map((guide) => others.reduce((total, other) => total + guide.get(other)!, 0))
    return sums.indexOf(Math.max(...sums))
  }
  return new Map(seeds.map((seed) => [seed, choices[chosenFor(seed)]!.get(seed)!]))
}
