/** Reports of made-up (synthetic) rows: what a reader must be told is there, and nothing is loaded from elsewhere. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClaimRecord, Results, Row } from '../claims/types.js'
import {
  claimsTable,
  levelsTable,
  paperPage,
  plots,
  readReport,
  renderPlot,
  series,
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
  rows,
}
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
    expect(point!.high - point!.mean).toBeCloseTo((4.302653 * 0.001) / Math.sqrt(3), 8)
  })

  it('draws every arm, the same bytes each time', async () => {
    for (const plot of plots) {
      const svg = await renderPlot(results, plot)
      expect(svg).toMatch(/^<svg/)
      for (const text of ['ticket', 'reinit', 'dense', plot.axis, 'synthetic rows', 'weights left (%)'])
        expect(svg).toContain(text)
      expect(await renderPlot(results, plot)).toBe(svg)
    }
  })

  it('is one page that loads nothing and escapes what it shows', async () => {
    const html = await paperPage({ results, claims })
    expect(html).toContain('A &lt;synthetic&gt; paper')
    expect(html).toContain('made-up (synthetic rows)')
    expect(html).not.toMatch(/(?:src|href)="(?!#)/)
    expect(html).not.toMatch(/url\(|@import|<script|<link/)
  })

  it('names the data, its note and the profile in the terminal', () => {
    const table = claimsTable(claims, 160)
    for (const text of ['LTH-2', 'supported', '0.50 [0.20, 0.80] pp', 'smoke', 'synthetic'])
      expect(table).toContain(text)
    expect(levelsTable(results)).toContain('made-up (synthetic rows)')
  })

  it('is written, read back, and joined; a missing one is named and a broken one refused', async () => {
    const out = join(folder, 'imp', 'out')
    await writeReport({ results, claims }, out)
    expect((await readReport(out))?.results.rows).toEqual(rows)
    const joint = await writeJointReport([out, join(folder, 'snip', 'out')], join(folder, 'report', 'index.html'))
    expect(joint.claims.map(({ id }) => id)).toEqual(['LTH-2'])
    expect(joint.missing).toEqual(['snip'])
    expect(readFileSync(join(folder, 'report', 'index.html'), 'utf8')).toContain('href="../imp/out/index.html"')
    writeFileSync(join(out, 'results.json'), '{"version":1')
    await expect(readReport(out)).rejects.toThrow(/run the bench again/)
  })
})
