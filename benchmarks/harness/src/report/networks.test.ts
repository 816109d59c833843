/** Reports of several networks and experiments, from made-up (synthetic) rows: a table each, so that columns stay few. */
import { expect, it } from 'vitest'
import type { ClaimRecord, Results } from '../claims/types.js'
import { levelsTable, levelTables, plotsOf, renderPlot } from './index.js'
import { type EvidenceSection, withClaims } from './results-page.js'

const results: Results = {
  paper: 'imp-conv',
  title: 'Several networks',
  profile: 'smoke',
  dataset: { name: 'made-up', note: 'synthetic' },
  rows: ['conv-2', 'conv-4'].flatMap((network, i) =>
    ['dense', 'ticket', 'reinit'].map((arm, level) => ({
      arm: `${network} ${arm}`,
      level: level === 0 ? 0 : 1,
      density: level === 0 ? 1 : 0.5,
      seed: 1,
      metrics: { testAccuracyAtEarlyStop: 0.5 + 0.1 * i + 0.01 * level },
      stageId: `${network}/${arm}`,
    })),
  ),
}

it('has the levels of each network, dense as the first row of its ticket, and what the ticket gains', () => {
  const tables = levelTables(results).map(({ caption, arms, rows }) => ({
    caption: caption.slice(0, 22),
    arms,
    rows: rows.map(({ percent, cells }) => [percent, ...cells.map((cell) => cell?.text)]),
  }))
  const accuracies = { arms: ['ticket', 'reinit'] }
  const gains = { arms: ['dense', 'reinit'], rows: [['50.00', '+1.00', '-1.00']] }
  expect(tables).toEqual([
    {
      caption: 'conv-2: Test accuracy ',
      ...accuracies,
      rows: [
        ['100.00', '50.00', undefined],
        ['50.00', '51.00', '52.00'],
      ],
    },
    { caption: 'conv-2: Accuracy of th', ...gains },
    {
      caption: 'conv-4: Test accuracy ',
      ...accuracies,
      rows: [
        ['100.00', '60.00', undefined],
        ['50.00', '61.00', '62.00'],
      ],
    },
    { caption: 'conv-4: Accuracy of th', ...gains },
  ])
  const lines = levelsTable(results, 80).split('\n')
  expect(lines.filter((line) => /^conv-[24]$/.test(line))).toEqual(['conv-2', 'conv-4'])
})

it('lists and draws each panel that arms name before a colon for itself, and keeps dense its reference', async () => {
  const panels = ['at 0.1', 'warm-up'].flatMap((rate, i) =>
    ['dense', 'ticket', 'ticket', 'reinit'].map((arm, place) => {
      const level = place === 3 ? 1 : place
      return {
        arm: `vgg-11 ${rate}: ${arm}`,
        level,
        density: 0.5 ** level,
        seed: 1,
        metrics: { testAccuracyAtEnd: 0.5 + 0.1 * i, testAccuracyAtEarlyStop: 0.4 + 0.1 * i + 0.01 * level },
        stageId: `${rate}/${place}`,
      }
    }),
  )
  const rates = { ...results, rows: panels }
  const captions = levelTables(rates).map(({ caption, arms }) => [caption.slice(0, 21), arms])
  expect(captions).toEqual([
    ['vgg-11 at 0.1: Test a', ['ticket', 'reinit']],
    ['vgg-11 at 0.1: Accura', ['dense', 'reinit']],
    ['vgg-11 warm-up: Test ', ['ticket', 'reinit']],
    ['vgg-11 warm-up: Accur', ['dense', 'reinit']],
  ])
  expect(levelTables(rates)[2]!.rows.map(({ cells }) => cells[0]!.text)).toEqual(['50.00', '51.00', '52.00'])
  const plots = plotsOf(rates)
  expect(plots.map(({ name }) => name)).toEqual(
    ['vgg-11-at-0.1', 'vgg-11-warm-up'].flatMap((panel) => [`${panel}-accuracy`, `${panel}-final-accuracy`]),
  )
  const svg = await renderPlot(rates, plots[3]!)
  for (const text of ['vgg-11 warm-up: Test accuracy at the end', 'dense', 'ticket', 'reinit', 'weights left']) {
    expect(svg).toContain(text)
  }
  expect(svg).not.toContain('at 0.1')
})

it('has a table of claims an experiment, and no title for a single one', () => {
  const claim = { id: 'LTH-7', title: 'a', verdict: 'supported', effect: 1, low: 0.5, high: 2, unit: 'pp', paper: 'b' }
  const section = (title: string): EvidenceSection => ({
    results: { ...results, title },
    claims: [claim as ClaimRecord],
    folder: 'here',
    plots: [],
  })
  const readme = '<!-- claims: written by "npx tickets evidence export" -->\n<!-- /claims -->\n'
  const one = withClaims(readme, [section('One')])
  expect(one).not.toContain('**One**')
  expect(one.match(/\| LTH-7 /g)).toHaveLength(1)
  const two = withClaims(readme, [section('One'), section('Two')])
  expect(two.match(/\*\*(One|Two)\*\*\n\n\| claim/g)).toHaveLength(2)
  // Each has a column for its one profile, between the claim and the paper's figure.
  for (const line of two.split('\n').filter((text) => text.startsWith('| LTH-7'))) {
    expect(line.split(' | ')).toHaveLength(4)
  }
})
