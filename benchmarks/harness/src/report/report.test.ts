/** Reports of made-up (synthetic) rows: what a reader must be told is there, and nothing is loaded from elsewhere. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClaimRecord, Results, Row } from '../claims/types.js'
import {
  accuracyLevels,
  claimsTable,
  differenceLevels,
  durationText,
  jointPage,
  levelsTable,
  paperPage,
  plots,
  plotsOf,
  readReport,
  renderPlot,
  series,
  short,
  writeJointReport,
  writeReport,
} from './index.js'

const densities = [1, 0.513, 0.211, 0.036]
const row = (arm: string, level: number, seed: number, accuracy: number): Row => ({
  arm,
  level,
  density: densities[level]!,
  seed,
  metrics: {
    testAccuracyAtEarlyStop: accuracy,
    testAccuracyAtEnd: accuracy - 0.002,
    earlyStopIteration: 500 - 100 * level,
  },
  stageId: `${arm}${level}${seed}`,
})
const rows = [1, 2, 3].flatMap((seed) => [
  row('dense', 0, seed, 0.88 + 0.001 * seed),
  ...[1, 2, 3].flatMap((level) => [
    row('ticket', level, seed, 0.885 + 0.001 * seed),
    row('reinit', level, seed, 0.88 - 0.01 * level + 0.001 * seed),
  ]),
])
const results: Results = {
  paper: 'imp',
  title: 'A <synthetic> paper',
  profile: 'smoke',
  dataset: { name: 'made-up', note: 'synthetic rows' },
  deviations: ['Nothing was trained.'],
  rows,
  environments: [{ cpu: 'Abacus <1>', engine: 'none', node: 'v20.19.0', runs: 21, seconds: 4000 }],
}
const notRun: ClaimRecord = {
  id: 'LTH-3',
  title: 'The initial weights matter',
  verdict: 'not run',
  profile: 'smoke',
  seeds: 0,
  effect: null,
  low: null,
  high: null,
  detectable: null,
  unit: 'pp',
  paper: '0.5 pp worse at 21%',
  dataset: 'made-up (synthetic rows)',
  detail: 'No results yet.',
  evidence: [],
}
/** What a program that is not a terminal shows of text: without colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins a colour
const plain = (text: string) => text.replace(/\u001b\[\d+m/g, '')
const claims: ClaimRecord[] = [
  {
    id: 'LTH-2',
    title: 'Tickets are more accurate',
    verdict: 'supported',
    profile: 'smoke',
    seeds: 3,
    effect: 0.5,
    low: 0.2,
    high: 0.8,
    detectable: 0.3,
    unit: 'pp',
    paper: '+0.3 pp at 13.5%',
    dataset: 'made-up (synthetic rows)',
    detail: 'At 21.1%.',
    evidence: ['ticket21'],
  },
]

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'report-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a report', () => {
  it('averages over seeds with the t interval', () => {
    const [point] = series(results, 'testAccuracyAtEarlyStop', ['dense'])
    expect(point).toMatchObject({ percent: 100, seeds: 3 })
    expect(point!.mean).toBeCloseTo(0.882, 12)
    // Three seeds 0.001 apart: s = 0.001, t(0.975, 2) = 4.302653.
    expect(point!.high! - point!.mean).toBeCloseTo((4.302653 * 0.001) / Math.sqrt(3), 8)
  })

  it('draws every arm, the same bytes each time', async () => {
    for (const plot of plotsOf(results)) {
      const svg = await renderPlot(results, plot)
      expect(svg).toMatch(/^<svg/)
      for (const text of ['ticket', 'reinit', 'dense', plot.axis, 'synthetic rows', 'weights left (%)'])
        expect(svg).toContain(text)
      expect(await renderPlot(results, plot)).toBe(svg)
    }
  })

  it('draws only what was measured, and keeps a bar inside the frame', async () => {
    const untested = { ...results, rows: [row('ticket', 1, 1, 0.5)].map((r) => ({ ...r, metrics: { loss: 1 } })) }
    expect(plotsOf(untested)).toEqual([])
    // Two seeds apart: t(0.975, 1) = 12.7 makes the interval far longer than the curve is high.
    const wide = { ...results, rows: [...rows.filter(({ seed }) => seed < 3), row('ticket', 1, 4, 0.95)] }
    expect(await renderPlot(wide, plots[0]!)).toContain('bars that')
    expect(await renderPlot(results, plots[0]!)).not.toContain('bars that')
  })

  it('draws arms that name a percent of training against it, the sparsest level of each, and dense ones too', async () => {
    const at = (arm: string, level: number, value: number) =>
      [1, 2, 3].map((seed) => ({
        ...row(arm, level, seed, value),
        metrics: { testBarrier: value + 0.001 * seed },
      }))
    const copies = [
      ...[0, 3, 10].flatMap((percent) => at(`net ticket barrier ${percent}%`, 2, 0.4 - 0.03 * percent)),
      ...at('net ticket barrier 3%', 3, 0.35),
      ...[0, 3, 10].flatMap((percent) => at(`net dense barrier ${percent}%`, 0, 0.5)),
    ]
    const barriers = { ...results, rows: copies }
    const found = plotsOf(barriers)
    expect(found.map(({ name }) => name)).toEqual(['barrier'])
    const svg = await renderPlot(barriers, found[0]!)
    for (const text of [
      'percent of training',
      'net ticket barrier, 21.1% left',
      'net dense barrier',
      'synthetic rows',
    ]) {
      expect(svg).toContain(text)
    }
    // One point of the ticket is at a sparser level: a line of its own, which one point does not make a plot.
    expect(svg).toContain('net ticket barrier, 3.6% left')
    expect(await renderPlot(barriers, found[0]!)).toBe(svg)
    const single = copies.filter(({ arm }) => arm.endsWith(' 0%'))
    expect(plotsOf({ ...results, rows: single })).toEqual([])
  })

  it('is one page that loads nothing and escapes what it shows', async () => {
    const html = await paperPage({ results, claims })
    expect(html).toContain('Abacus &lt;1&gt;')
    expect(html).toContain('67 min')
    expect(html).toContain('Nothing was trained.')
    expect(html).toContain('npx tickets bench imp --profile smoke --seeds 3<')
    const last = { ...results, rows: results.rows.filter(({ seed }) => seed > 1) }
    expect(await paperPage({ results: last, claims })).toContain('npx tickets bench imp --profile smoke --seeds 2-3<')
    expect(html).toContain('could show 0.30\u00a0pp')
    expect(html.match(/<caption>[^<]*synthetic rows/g)).toHaveLength(3)
    expect(html).toContain('A &lt;synthetic&gt; paper')
    expect(html).toContain('made-up (synthetic rows)')
    expect(html).not.toMatch(/(?:src|href)="(?!#)/)
    expect(html).not.toMatch(/url\(|@import|<script|<link|<img|<iframe/)
    // The names of XML namespaces are all that looks like an address.
    expect(new Set(html.match(/https?:[^"'\s]*/g))).toEqual(
      new Set(['http://www.w3.org/2000/svg', 'http://www.w3.org/1999/xlink']),
    )
  })

  it('says what has not run, on a page without plots', async () => {
    const html = await paperPage({ results: { ...results, rows: [], environments: [] }, claims: [notRun] })
    expect(html).toContain('– not run')
    expect(html).toContain('No results yet.')
    expect(html).not.toMatch(/<svg|Levels|Where it ran/)
    expect(jointPage([], ['snip'])).toContain('npx tickets bench snip')
  })

  it.each([160, 100, 80, 40])('names data, note and profile in a terminal of %i columns, and fits', (width) => {
    const table = plain(claimsTable([...claims, notRun], width))
    for (const text of ['LTH-2', 'supported', '0.50 [0.20, 0.80] pp', 'profile smoke', 'synthetic', 'not run'])
      expect(table).toContain(text)
    const levels = plain(levelsTable(results, width))
    expect(levels.replaceAll('\n', ' ')).toContain('made-up (synthetic rows)')
    expect(levels.replaceAll('\n', ' ')).toContain('Nothing was trained.')
    for (const line of [...table.split('\n').slice(1), ...levels.split('\n')])
      expect(line.length).toBeLessThanOrEqual(width)
  })

  it('puts each figure at its density and arm', () => {
    const { arms, rows: levels } = accuracyLevels(results)
    expect(arms).toEqual(['ticket', 'reinit'])
    expect(levels.map(({ percent }) => percent)).toEqual(['100.00', '51.30', '21.10', '3.60'])
    // 88.2 dense, 88.7 and 86.2 at 21.1%; half an interval is 4.302653 * 0.1 / sqrt(3) = 0.248.
    expect(levels[0]!.cells).toEqual([{ text: '88.20 ±0.25', at: '@ 500' }, undefined])
    expect(levels[2]!.cells.map((cell) => cell?.text)).toEqual(['88.70 ±0.25', '86.20 ±0.25'])
    expect(levels[2]!.cells[0]?.at).toBe('@ 300')
  })

  it('compares the ticket with each other arm by seed, and dense with every level', () => {
    const table = differenceLevels(results)!
    expect(table.arms).toEqual(['dense', 'reinit'])
    // All seeds differ by the same amount, so no interval is shown.
    const texts = table.rows.map(({ cells }) => cells.map((cell) => cell?.text))
    expect(texts).toEqual([
      ['+0.50', '+1.50'],
      ['+0.50', '+2.50'],
      ['+0.50', '+3.50'],
    ])
    expect(differenceLevels({ ...results, rows: rows.filter(({ arm }) => arm !== 'ticket') })).toBeUndefined()
  })

  it('writes numbers and durations for readers', () => {
    expect([0.123, -12.34, 123.4, 51234.5, null].map(short)).toEqual(['0.12', '-12.3', '123.4', '51235', '-'])
    expect([41.2, 89, 150, 11_520].map(durationText)).toEqual(['41 s', '89 s', '3 min', '3 h 12 min'])
  })

  it('is written, read back, and joined; a missing one is named and a broken one refused', async () => {
    const out = join(folder, 'imp', 'out', 'imp')
    await writeReport({ results, claims }, out)
    expect((await readReport(out))?.results.rows).toEqual(rows)
    const joint = await writeJointReport(
      [out, join(folder, 'snip', 'out', 'snip')],
      join(folder, 'report', 'index.html'),
    )
    expect(joint.claims.map(({ id }) => id)).toEqual(['LTH-2'])
    expect(joint.missing).toEqual(['snip'])
    expect(readFileSync(join(folder, 'report', 'index.html'), 'utf8')).toContain('href="../imp/out/imp/index.html"')
    writeFileSync(join(out, 'results.json'), '{"version":1')
    await expect(readReport(out)).rejects.toThrow(/run the bench again/)
    writeFileSync(
      join(out, 'results.json'),
      JSON.stringify({ version: 1, results: { ...results, rows: [{}] }, claims }),
    )
    await expect(readReport(out)).rejects.toThrow(/run the bench again/)
  })
})
