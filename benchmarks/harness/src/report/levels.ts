/** The levels of a grid as a table: a row a density, a column an arm; shared by the terminal and the pages. */
import { panelsOf } from '../claims/networks.js'
import type { Results } from '../claims/types.js'
import type { Estimate } from '../statistics/estimate.js'
import { armsOf, differences, type Point, series } from './series.js'

export interface LevelCell {
  /** "85.70 ±1.51": in percent or percentage points, with half the 95% interval where the spread is known. */
  readonly text: string
  /** "@ 440": the mean early-stop iteration; missing where it does not apply. */
  readonly at?: string
}

export interface LevelTable {
  readonly caption: string
  readonly arms: readonly string[]
  readonly rows: readonly { readonly percent: string; readonly cells: readonly (LevelCell | undefined)[] }[]
}

const ACCURACY = 'testAccuracyAtEarlyStop'

/** The tables of each network, or other part, of the results: accuracies, then differences where there is a ticket. */
export function levelTables(results: Results): LevelTable[] {
  return [...panelsOf(results)].flatMap(([name, network]) =>
    [accuracyLevels(network), differenceLevels(network)].flatMap((table) =>
      table === undefined || table.rows.length === 0
        ? []
        : { ...table, caption: name === '' ? table.caption : `${name}: ${table.caption}` },
    ),
  )
}

/** Test accuracy at the early-stop iteration, and that iteration, of every arm. */
export function accuracyLevels(results: Results): LevelTable {
  const stops = series(results, 'earlyStopIteration')
  const points = series(results, ACCURACY)
  const arms = armsOf(results).filter((arm) => points.some((point) => point.arm === arm))
  // The dense network is where the ticket's rounds start: the first row of its column.
  const folded = arms.includes('ticket') && arms.includes('dense')
  const shown = arms.filter((arm) => !folded || arm !== 'dense')
  const columnOf = (point: Point) => (folded && point.arm === 'dense' ? 'ticket' : point.arm)
  const table = tableOf(shown, points, columnOf, (point) => {
    const stop = stops.find(({ arm, level }) => arm === point.arm && level === point.level)
    return { text: percentText(point), ...(stop === undefined ? {} : { at: `@ ${stop.mean.toFixed(0)}` }) }
  })
  return { caption: `Test accuracy (%) @ early-stop iteration${folded ? '; 100% is dense' : ''}`, ...table }
}

/** How much more accurate the ticket is than each other arm; undefined where there is no ticket. */
export function differenceLevels(results: Results): LevelTable | undefined {
  const arms = armsOf(results)
  if (!arms.includes('ticket') || arms.length === 1) return undefined
  const others = arms.filter((arm) => arm !== 'ticket')
  const table = tableOf(others, differences(results, ACCURACY, 'ticket'), armOf, (point) => ({
    text: `${point.mean >= 0 ? '+' : ''}${percentText(point)}`,
  }))
  return {
    caption: 'Accuracy of the ticket less that of another arm (pp), paired by seed; shown, not tested',
    ...table,
  }
}

const armOf = ({ arm }: Point) => arm

function tableOf(
  arms: readonly string[],
  points: readonly Point[],
  columnOf: (point: Point) => string,
  cell: (point: Point) => LevelCell,
) {
  const key = ({ percent }: Point) => percent.toFixed(2)
  const percents = [...new Set(points.map(key))].sort((a, b) => Number(b) - Number(a))
  const cellAt = (percent: string, arm: string) => {
    const point = points.find((candidate) => columnOf(candidate) === arm && key(candidate) === percent)
    return point && cell(point)
  }
  return { arms, rows: percents.map((percent) => ({ percent, cells: arms.map((arm) => cellAt(percent, arm)) })) }
}

function percentText({ mean, low, high }: Estimate): string {
  const half = low === null || high === null ? '' : ` ±${(50 * (high - low)).toFixed(2)}`
  return `${(100 * mean).toFixed(2)}${half}`
}
