/** Claims at the best of several choices, where the choice must not flatter its own estimate. */
import type { PerSeed } from '@winning-tickets/harness'

/**
 * Each seed's number at the choice (level, rewind point) that is best for the other seeds. Unlike the best of means, this
 * is not flattered by the choice, so an interval of it means what it says.
 */
export function bestForOthers(choices: readonly PerSeed[]): PerSeed {
  const [first, ...more] = choices
  if (first === undefined) return new Map()
  const seeds = [...first.keys()].filter((seed) => more.every((choice) => choice.has(seed)))
  const chosenFor = (seed: number): PerSeed => {
    const others = seeds.length === 1 ? seeds : seeds.filter((other) => other !== seed)
    const sum = (choice: PerSeed): number => others.reduce((total, other) => total + choice.get(other)!, 0)
    return choices.reduce((best, choice) => (sum(choice) > sum(best) ? choice : best))
  }
  return new Map(seeds.map((seed) => [seed, chosenFor(seed).get(seed)!]))
}
