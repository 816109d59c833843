/** Tables for the terminal, as wide as it is: claims with verdicts, and the levels of a grid. */
import Table from 'cli-table3'
import pc from 'picocolors'
import { panelsOf } from '../claims/networks.js'
import type { ClaimRecord, Results } from '../claims/types.js'
import { accuracyLevels, type LevelTable } from './levels.js'
import { count, effectText, subtitle } from './words.js'

const COLOURS = {
  supported: pc.green,
  contradicted: pc.red,
  inconclusive: pc.yellow,
  'not run': pc.dim,
} as const

/** Narrower terminals get a block a claim instead of a table. */
const TABLE_WIDTH = 100
const NO_COLOUR = { head: [], border: [] }
/** Rows of one line each need no rules between them. */
const NO_RULES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' }

const terminalWidth = () => process.stdout.columns ?? 140

/** What a claim says, the verdict, our effect beside the paper's figure; by the data and profile that it rests on. */
export function claimsTable(records: readonly ClaimRecord[], width = terminalWidth()): string {
  const groups = new Map<string, ClaimRecord[]>()
  for (const record of records) {
    const heading = `${record.dataset}, profile ${record.profile}`
    groups.set(heading, [...(groups.get(heading) ?? []), record])
  }
  return [...groups]
    .map(([heading, claims]) => `${heading}\n${width < TABLE_WIDTH ? blocks(claims, width) : grid(claims, width)}`)
    .join('\n\n')
}

const verdictText = ({ verdict }: ClaimRecord) => COLOURS[verdict](verdict)

function grid(claims: readonly ClaimRecord[], width: number): string {
  const [id, verdict, effect, seeds, borders] = [8, 14, 30, 7, 7]
  const rest = Math.min(width, 180) - id - verdict - effect - seeds - borders
  const table = new Table({
    head: ['claim', 'what it says', 'verdict', 'effect [95% interval]', 'seeds', 'the paper'],
    colWidths: [id, Math.ceil(rest * 0.55), verdict, effect, seeds, Math.floor(rest * 0.45)],
    wordWrap: true,
    style: NO_COLOUR,
  })
  for (const claim of claims) {
    table.push([claim.id, claim.title, verdictText(claim), effectText(claim), String(claim.seeds), claim.paper])
  }
  return table.toString()
}

function blocks(claims: readonly ClaimRecord[], width: number): string {
  const indent = '        '
  const paragraph = (text: string) => wrap(text, width - indent.length).map((line) => `${indent}${line}`)
  return claims
    .flatMap((claim) => [
      `${claim.id.padEnd(indent.length)}${verdictText(claim)}`,
      ...paragraph(claim.title),
      ...(claim.verdict === 'not run' ? [] : paragraph(`${effectText(claim)}, ${count(claim.seeds, 'seed')}`)),
      ...paragraph(`the paper: ${claim.paper}`),
    ])
    .join('\n')
}

/** Lines of at most `width` characters; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** A line a level: for each arm the test accuracy at early stop and the early-stop iteration. */
export function levelsTable(results: Results, width = terminalWidth()): string {
  const tables = [...panelsOf(results)].map(([name, network]) => ({ name, levels: accuracyLevels(network) }))
  // Grids of networks that are not trained have no accuracies.
  const measured = tables.filter(({ levels }) => levels.rows.length > 0)
  const heading = [
    ...wrap(measured.length === 0 ? subtitle(results) : `${tables[0]!.levels.caption}: ${subtitle(results)}`, width),
    ...(results.deviations ?? []).flatMap((text) => wrap(`Differs from the paper: ${text}`, width)),
  ]
  const grids = measured.flatMap(({ name, levels }) => [
    ...(name === '' ? [] : [name]),
    ...fitting(levels, width).map(levelsGrid),
  ])
  return [...heading, ...grids].join('\n')
}

/** The table in parts that are narrow enough, each with some of the arms. */
function fitting(levels: LevelTable, width: number): LevelTable[] {
  const size = (arm: number) =>
    3 + Math.max(levels.arms[arm]!.length, ...levels.rows.map(({ cells }) => cellText(cells[arm]).length))
  const parts: number[][] = []
  let used = 0
  for (const arm of levels.arms.keys()) {
    if (parts.length === 0 || used + size(arm) > width) {
      parts.push([])
      used = 1 + 9
    }
    parts.at(-1)!.push(arm)
    used += size(arm)
  }
  return parts.map((arms) => ({
    ...levels,
    arms: arms.map((arm) => levels.arms[arm]!),
    rows: levels.rows
      .map(({ percent, cells }) => ({ percent, cells: arms.map((arm) => cells[arm]) }))
      .filter(({ cells }) => cells.some((cell) => cell !== undefined)),
  }))
}

function levelsGrid({ arms, rows }: LevelTable): string {
  const table = new Table({ head: ['left %', ...arms].map(pc.bold), style: NO_COLOUR, chars: NO_RULES })
  for (const { percent, cells } of rows) table.push([percent, ...cells.map(cellText)])
  return table.toString()
}

const cellText = (cell: LevelTable['rows'][number]['cells'][number]) => {
  if (cell === undefined) return ''
  return cell.at === undefined ? cell.text : `${cell.text} ${cell.at}`
}
