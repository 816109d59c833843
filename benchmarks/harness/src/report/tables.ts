/** Tables for the terminal: claims with verdicts, and the levels of a grid. */
import Table from 'cli-table3'
import pc from 'picocolors'
import type { ClaimRecord, Results } from '../claims/types.js'
import { subtitle } from './plot.js'
import { armsOf, series } from './series.js'

const COLOURS = {
  supported: pc.green,
  contradicted: pc.red,
  inconclusive: pc.yellow,
  'not run': pc.dim,
} as const

/** Three significant digits, without the exponents and tails that make a column hard to read. */
export function short(value: number | null): string {
  if (value === null) return '-'
  const size = Math.abs(value)
  return size >= 1000 ? value.toFixed(0) : size >= 100 ? value.toFixed(1) : value.toFixed(size >= 10 ? 1 : 2)
}

/** "1.23 [0.50, 1.96] pp", or a dash where nothing was measured. */
export function effectText({ effect, low, high, unit }: ClaimRecord): string {
  if (effect === null) return '-'
  const interval = low === null || high === null ? '' : ` [${short(low)}, ${short(high)}]`
  return `${short(effect)}${interval} ${unit}`
}

/** A line a claim: what it says, the verdict, our effect beside the paper's figure, and what it rests on. */
export function claimsTable(records: readonly ClaimRecord[], width = process.stdout.columns ?? 140): string {
  const fixed = 9 + 14 + 30 + 20 + 7 * 3 + 1
  const left = Math.max(40, Math.min(width, 190) - fixed)
  const table = new Table({
    head: ['claim', 'what it says', 'verdict', 'effect [95% interval]', 'the paper', 'rests on'],
    colWidths: [9, Math.round(left * 0.55), 14, 30, Math.round(left * 0.45), 20],
    wordWrap: true,
    style: { head: [], border: [] },
  })
  for (const record of records) {
    const runs = record.verdict === 'not run' ? '-' : `${record.dataset}, ${record.profile}, ${record.seeds} seeds`
    const verdict = COLOURS[record.verdict](record.verdict)
    table.push([record.id, record.title, verdict, effectText(record), record.paper, runs])
  }
  return table.toString()
}

/** A line a level: for each arm the test accuracy at early stop and the early-stop iteration. */
export function levelsTable(results: Results): string {
  const arms = armsOf(results)
  const accuracy = series(results, 'testAccuracyAtEarlyStop')
  const stop = series(results, 'earlyStopIteration')
  const percents = [...new Set(accuracy.map(({ percent }) => percent.toFixed(2)))].sort((a, b) => Number(b) - Number(a))
  const table = new Table({ head: ['left %', ...arms], style: { head: [], border: [] } })
  for (const percent of percents) {
    const cells = arms.map((arm) => {
      const at = (points: typeof accuracy) =>
        points.find((point) => point.arm === arm && point.percent.toFixed(2) === percent)
      const [point, iteration] = [at(accuracy), at(stop)]
      if (!point) return ''
      const half = point.seeds < 2 ? '' : ` ±${(50 * (point.high - point.low)).toFixed(2)}`
      return `${(100 * point.mean).toFixed(2)}${half} @${iteration?.mean.toFixed(0) ?? '-'}`
    })
    table.push([percent, ...cells])
  }
  return `Test accuracy % @ early-stop iteration: ${subtitle(results)}\n${table.toString()}`
}
