/** Whether two properties that both come with later rewinding come together (claims.md 1.f, LMC-3). */

/** One seed's cells at one density, by their rewind points: how many there are, and in how many both properties or neither hold. */
export interface Ladder {
  readonly cells: number
  readonly agreeing: number
}

/**
 * The probability that as many cells or more agree where the properties have nothing to do with each other but that both
 * come with later rewinding: each begins at a point of its own, any of those after the first alike. (Were any order of cells
 * as likely as any other, all that grows with the rewind point would seem to belong together.)
 */
export function chanceOfAgreement(ladders: readonly Ladder[]): number {
  const observed = ladders.reduce((sum, { agreeing }) => sum + agreeing, 0)
  let distribution = new Map([[0, 1]])
  for (const { cells } of ladders) {
    const next = new Map<number, number>()
    for (const [sum, probability] of distribution) {
      for (let first = 1; first < cells; first++) {
        for (let second = 1; second < cells; second++) {
          const total = sum + cells - Math.abs(first - second)
          next.set(total, (next.get(total) ?? 0) + probability / (cells - 1) ** 2)
        }
      }
    }
    distribution = next
  }
  return [...distribution].reduce((tail, [sum, probability]) => tail + (sum >= observed ? probability : 0), 0)
}
