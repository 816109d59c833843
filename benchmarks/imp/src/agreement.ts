/** Two yes-or-no properties of cells, and whether they go together (claims.md 1.f, LMC-3). */

/** How many cells of one seed there are, have the first property, have the second, and have both. */
export interface Table {
  readonly cells: number
  readonly first: number
  readonly second: number
  readonly both: number
}

/** Cells that have both properties or neither. */
export const agreeing = ({ cells, first, second, both }: Table): number => cells - first - second + 2 * both

/**
 * The probability that as many cells or more agree where the properties have nothing to do with each other: within each
 * table, any cells are as likely as any others to be those that have the second (an exact permutation test).
 */
export function chanceOfAgreement(tables: readonly Table[]): number {
  const observed = tables.reduce((sum, table) => sum + agreeing(table), 0)
  let distribution = new Map([[0, 1]])
  for (const table of tables) {
    const next = new Map<number, number>()
    for (const [sum, probability] of distribution) {
      for (const [count, share] of agreementsOf(table)) {
        next.set(sum + count, (next.get(sum + count) ?? 0) + probability * share)
      }
    }
    distribution = next
  }
  return [...distribution].reduce((tail, [sum, probability]) => tail + (sum >= observed ? probability : 0), 0)
}

/** The numbers of agreeing cells that a table's margins allow, each with its probability: hypergeometric. */
function agreementsOf({ cells, first, second }: Table): [number, number][] {
  const least = Math.max(0, first + second - cells)
  const most = Math.min(first, second)
  return Array.from({ length: most - least + 1 }, (_, i) => {
    const both = least + i
    const ways = choose(first, both) * choose(cells - first, second - both)
    return [agreeing({ cells, first, second, both }), ways / choose(cells, second)]
  })
}

function choose(n: number, k: number): number {
  let ways = 1
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i
  return ways
}

/** Wilson's 95% interval of a share. */
export function shareInterval(count: number, of: number): [number, number] {
  const z = 1.959964
  const share = count / of
  const centre = share + z ** 2 / (2 * of)
  const half = z * Math.sqrt((share * (1 - share)) / of + (z / (2 * of)) ** 2)
  const scale = 1 + z ** 2 / of
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)]
}
