/** Critical compressions from rows: the largest compression without layer-collapse, and with a path left. */
import { levelsOf, type PerSeed, type Results, type Row, rowsOf } from '@winning-tickets/harness'

/** `collapse`: no layer is empty, the paper's word. `cut`: a path from input to output is left. */
export type Criterion = 'collapse' | 'cut'

export const isWhole = ({ metrics }: Row, criterion: Criterion): boolean =>
  criterion === 'collapse' ? metrics.collapsed === 0 : metrics.connected === 1

/** N / L, the same for all arms of a network. */
export function largestCompression({ rows }: Results): number | undefined {
  const row = rows.find(({ metrics }) => metrics.prunable !== undefined && metrics.layers !== undefined)
  return row && row.metrics.prunable! / row.metrics.layers!
}

/**
 * Of each seed: exact for layer-collapse of methods that score once; else the largest compression that was tried at which,
 * and below which, all tried masks are whole: a lower bound. 1, where none of them is.
 */
export function criticalCompression(results: Results, arm: string, criterion: Criterion): PerSeed {
  const found = new Map<number, number>()
  for (const seed of new Set(rowsOf(results, arm).map((row) => row.seed))) {
    const rows = rowsOf(results, arm).filter((row) => row.seed === seed)
    const exact = rows.find(({ metrics }) => metrics.criticalCompression !== undefined)?.metrics.criticalCompression
    if (criterion === 'collapse' && exact !== undefined) {
      found.set(seed, exact)
      continue
    }
    const masks = rows.filter(({ metrics }) => metrics.collapsed !== undefined).sort((a, b) => b.density - a.density)
    const broken = masks.findIndex((row) => !isWhole(row, criterion))
    const last = masks[(broken === -1 ? masks.length : broken) - 1]
    found.set(seed, last === undefined ? 1 : 1 / last.density)
  }
  return found
}

/** The level of an arm's largest compression, if it is 90% of rho_max or more. */
export function levelAtNineTenths(results: Results, arm: string): number | undefined {
  const most = largestCompression(results)
  const last = levelsOf(results, arm).at(-1)
  return most !== undefined && last !== undefined && 1 / last.density >= 0.899 * most ? last.level : undefined
}
