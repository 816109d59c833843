/** The plots that readers of the paper know, drawn to SVG by Vega-Lite without a browser. */
import type { Results } from '../claims/types.js'
import { armsOf, series } from './series.js'

export interface PlotSpec {
  /** Tab-friendly, also the file's name: "accuracy". */
  readonly name: string
  readonly title: string
  readonly metric: string
  readonly axis: string
  /** Multiplies the metric for the axis: 100 for a fraction shown in percent. */
  readonly scale: number
}

export const plots: readonly PlotSpec[] = [
  {
    name: 'accuracy',
    title: 'Test accuracy at the early-stop iteration',
    metric: 'testAccuracyAtEarlyStop',
    axis: 'test accuracy (%)',
    scale: 100,
  },
  {
    name: 'early-stop',
    title: 'Early-stop iteration (least validation loss)',
    metric: 'earlyStopIteration',
    axis: 'iteration',
    scale: 1,
  },
  {
    name: 'final-accuracy',
    title: 'Test accuracy at the end of training',
    metric: 'testAccuracyAtEnd',
    axis: 'test accuracy (%)',
    scale: 100,
  },
]

/** Okabe and Ito's colours, told apart by colour-blind readers; an arm keeps its colour in every plot. */
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000']
const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'stroke']

/** Ticks of the density axis: the paper's levels, thinned to what a plot can carry. */
const TICKS = [100, 51.3, 26.3, 13.5, 7, 3.6, 1.9, 1.2]

/** An SVG of one metric against density (100% at the left, logarithmic), a line an arm, bars for 95% intervals. */
export async function renderPlot(results: Results, plot: PlotSpec, width = 680): Promise<string> {
  // Loaded here: drawing is the last thing a bench does, and workers never need it.
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  const arms = armsOf(results).filter((arm) => arm !== 'dense')
  const dense = series(results, plot.metric, ['dense'])[0]
  const values = series(results, plot.metric, arms).map((point) => ({
    ...point,
    mean: plot.scale * point.mean,
    low: plot.scale * point.low,
    high: plot.scale * point.high,
  }))
  const least = Math.min(...values.map(({ percent }) => percent), 50)
  const x = {
    field: 'percent',
    type: 'quantitative',
    scale: { type: 'log', domain: [least * 0.92, 105], reverse: true, nice: false },
    axis: {
      values: TICKS.filter((tick) => tick >= least * 0.95),
      title: 'weights left (%)',
      format: '~r',
      grid: false,
    },
  }
  const y = { field: 'mean', type: 'quantitative', scale: { zero: false }, axis: { title: plot.axis } }
  const legend = { title: null, orient: 'bottom', columns: 4, symbolSize: 70, labelLimit: 220 }
  const colour = { field: 'arm', type: 'nominal', scale: { domain: arms, range: COLOURS }, legend }
  const shape = { field: 'arm', type: 'nominal', scale: { domain: arms, range: SHAPES }, legend }
  const reference = dense
    ? [
        {
          data: { values: [{ mean: plot.scale * dense.mean, text: 'dense' }] },
          layer: [
            { mark: { type: 'rule', strokeDash: [5, 4], color: '#777' }, encoding: { y } },
            {
              mark: { type: 'text', align: 'left', dx: 4, dy: -6, color: '#777', x: 0 },
              encoding: { y, text: { field: 'text' } },
            },
          ],
        },
      ]
    : []
  const spec = {
    title: { text: plot.title, subtitle: subtitle(results), anchor: 'start', subtitleColor: '#666' },
    width,
    height: Math.round(width * 0.45),
    background: 'white',
    padding: 8,
    data: { values },
    layer: [
      ...reference,
      {
        mark: { type: 'rule', opacity: 0.55 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color: colour },
      },
      { mark: { type: 'line', strokeWidth: 1.6 }, encoding: { x, y, color: colour } },
      { mark: { type: 'point', filled: true, size: 42 }, encoding: { x, y, color: colour, shape } },
    ],
    config: { font: 'system-ui, sans-serif', view: { stroke: '#ddd' }, axis: { gridColor: '#eee' } },
  }
  const compiled = vegaLite.compile(spec as Parameters<typeof vegaLite.compile>[0], { logger: silent })
  return new vega.View(vega.parse(compiled.spec), { renderer: 'none' }).toSVG()
}

/** What a reader must know of the runs behind a table or plot: data, note, profile, seeds, interval. */
export function subtitle(results: Results): string {
  const seeds = new Set(results.rows.map(({ seed }) => seed)).size
  const note = results.dataset.note ? ` (${results.dataset.note})` : ''
  return `${results.dataset.name}${note}, profile ${results.profile}, ${seeds} seed${seeds === 1 ? '' : 's'}, mean and 95% interval`
}

/** Vega-Lite's remarks on the spec are for us, not for users. */
const silent = {
  level: () => silent,
  error: (...message: unknown[]) => {
    throw new Error(message.join(' '))
  },
  warn: () => silent,
  info: () => silent,
  debug: () => silent,
} as unknown as NonNullable<NonNullable<Parameters<typeof import('vega-lite').compile>[1]>['logger']>
