/** Plots of scored grids from made-up (synthetic) rows: which there are, where their marks stand, and that the page has them. */
import { describe, expect, it } from 'vitest'
import type { Results, Row } from '../claims/types.js'
import { paperPage, plotsOf, renderPlot } from './index.js'

const SEEDS = [1, 2]
/** Sizes of two layers. */
const SIZES = { 'size/wide': 1000, 'size/narrow': 100 }

type Metrics = Row['metrics']
const row = (arm: string, level: number, density: number, seed: number, metrics: Metrics): Row => ({
  arm,
  level,
  density,
  seed,
  metrics,
  stageId: `${arm}/${seed}`,
})
const resultsOf = (rows: readonly Row[]): Results => ({
  paper: 'synflow',
  title: 'Scores of a <synthetic> paper',
  profile: 'smoke',
  dataset: { name: 'made-up', note: 'synthetic rows' },
  rows,
})

/** Of each arm the scores, and masks at compressions of 10 and 100; seeds differ by what is added to a count. */
const scored = (network: string, more: (level: number, seed: number) => Metrics = () => ({})) =>
  ['snip', 'synflow'].flatMap((arm, i) =>
    SEEDS.flatMap((seed) => [
      row(`${network} ${arm}`, 0, 1, seed, { ...SIZES, 'score/wide': 0.1 * seed, 'score/narrow': 4 * seed }),
      ...[10, 100].map((compression, level) =>
        row(`${network} ${arm}`, level + 1, 1 / compression, seed, {
          collapsed: arm === 'snip' && compression === 100 ? seed : 0,
          connected: arm === 'snip' && compression === 100 ? 0 : 1,
          'kept/wide': 1000 / compression + seed,
          'kept/narrow': i === 0 && compression === 100 ? 0 : 10,
          ...more(level + 1, seed),
        }),
      ),
    ]),
  )
const grid = resultsOf([...scored('vgg-11'), ...scored('resnet-8')])

interface Spec {
  readonly title: { readonly text: string; readonly subtitle: string | readonly string[] }
  readonly data: { readonly values: readonly { readonly arm: string; readonly x: number; readonly y: number }[] }
}
const plotNamed = (results: Results, name: string) => plotsOf(results).find((plot) => plot.name === name)!
const marksOf = (results: Results, name: string, arm: string) =>
  (plotNamed(results, name).spec as Spec).data.values
    .filter((mark) => mark.arm === arm)
    .map(({ x, y }) => [Number(x.toFixed(6)), Number(y.toFixed(6))])

describe('a scored grid', () => {
  it('has a set of plots for each network, of what was measured alone', () => {
    const set = ['empty-layers', 'path-left', 'layers-10x', 'layers-100x', 'size-and-score']
    expect(plotsOf(grid).map(({ name }) => name)).toEqual(
      ['vgg-11', 'resnet-8'].flatMap((network) => set.map((plot) => `${network}-${plot}`)),
    )
    const more = resultsOf(scored('vgg-11', () => ({ 'gradientNorm@1': 1, inputCorrelation: 0.5 })))
    expect(plotsOf(more).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['vgg-11-gradient-norm', 'vgg-11-inputs']),
    )
  })

  it('has a line at one weight a layer, where rows say how many weights and layers there are', () => {
    const spec = (results: Results) => JSON.stringify(plotNamed(results, 'vgg-11-empty-layers').spec)
    expect(spec(grid)).not.toContain('rule')
    const known = (layers: number) => resultsOf(scored('vgg-11', () => ({ prunable: 1100, layers })))
    expect(spec(known(2))).toContain('"values":[{"x":550}]')
    const { subtitle } = (plotNamed(known(2), 'vgg-11-empty-layers').spec as Spec).title
    expect([subtitle].flat().join(' ')).toContain('dashed: one weight a layer')
    // Masks of compressions up to 100 are far from one weight a layer of 1,100.
    expect(spec(known(1))).not.toContain('rule')
  })

  it('draws means over seeds against compression', () => {
    expect(marksOf(grid, 'vgg-11-empty-layers', 'snip')).toEqual([
      [10, 0],
      [100, 1.5],
    ])
    expect(marksOf(grid, 'vgg-11-path-left', 'snip')).toEqual([
      [10, 1],
      [100, 0],
    ])
    expect(marksOf(grid, 'vgg-11-path-left', 'synflow').map(([, share]) => share)).toEqual([1, 1])
  })

  it('draws what each layer keeps in the order of the layers, and an empty layer at a tenth of a weight', () => {
    expect(marksOf(grid, 'vgg-11-layers-100x', 'snip')).toEqual([
      [1, 11.5],
      [2, 0.1],
    ])
    expect(marksOf(grid, 'vgg-11-layers-10x', 'synflow')).toEqual([
      [1, 101.5],
      [2, 10],
    ])
  })

  it('draws mean scores against sizes, in units of the largest', () => {
    expect(marksOf(grid, 'vgg-11-size-and-score', 'snip')).toEqual([
      [1000, 0.025],
      [100, 1],
    ])
  })

  it('says what it shows, of what data, in the drawing and on the page', async () => {
    for (const plot of plotsOf(grid)) {
      const svg = await renderPlot(grid, plot)
      expect(svg).toContain(`${plot.name.startsWith('vgg') ? 'vgg-11' : 'resnet-8'}: `)
      for (const text of ['made-up (synthetic rows)', 'profile smoke', '2 seeds', 'snip', 'synflow']) {
        expect(svg, plot.name).toContain(text)
      }
      // Means without intervals are not called what they are not.
      expect(svg).not.toContain('95% interval')
    }
    const page = await paperPage({ results: grid, claims: [] })
    expect(page.match(/<svg/g)).toHaveLength(10)
    expect(page).toContain('Scores of a &lt;synthetic&gt; paper')
    expect(page).not.toMatch(/(src|href)="http/)
  })

  it('has none of these plots where nothing was scored', () => {
    const trained = resultsOf([1, 2].map((seed) => row('vgg-11 ticket', 1, 0.1, seed, { testAccuracyAtEnd: 0.5 })))
    expect(plotsOf(trained).filter(({ spec }) => spec !== undefined)).toEqual([])
  })
})

describe('theta² over training and over rounds', () => {
  const rows = SEEDS.flatMap((seed) => {
    const at = (arm: string, level: number, density: number, spread: number, stage: string) => ({
      ...row(`vgg-11 ${arm}`, level, density, seed, {
        ...SIZES,
        'score/wide': spread,
        'score/narrow': 1,
        collapsed: 0,
        spread,
        criticalCompression: 100 / spread,
      }),
      stageId: `${stage}/${seed}`,
    })
    return [
      at('training 0%', 0, 1, 1 + 0.1 * seed, 'init'),
      at('training 100%', 0, 1, 0.5, 'dense'),
      at('ticket', 0, 1, 0.5, 'dense'),
      at('ticket', 2, 0.64, 0.25, 'ticket'),
    ]
  })
  const results = resultsOf(rows)

  it('has spreads against rounds, of the arms that are pruned', () => {
    expect(marksOf(results, 'vgg-11-spread', 'ticket')).toEqual([
      [1, 0.5],
      [1.5625, 0.25],
    ])
    expect(marksOf(results, 'vgg-11-spread', 'training 0%')).toEqual([])
  })

  it('draws a network that two arms share once', () => {
    expect(marksOf(results, 'vgg-11-size-and-score', 'training 100%')).toEqual([
      [1000, 0.5],
      [100, 1],
    ])
    expect(marksOf(results, 'vgg-11-size-and-score', 'ticket')).toEqual([])
  })

  it('has spreads and critical compressions against the percent of training, in their own units', async () => {
    const names = plotsOf(results).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['spread-over-training', 'critical-over-training']))
    const svg = await renderPlot(results, plotNamed(results, 'spread-over-training'))
    for (const text of ['percent of training', 'standard deviation / mean', 'vgg-11 training'])
      expect(svg).toContain(text)
    // From 0.5 to the mean of 1.1 and 1.2; in percent the axis would have 60 there.
    expect(svg).toContain('>0.6<')
  })
})
