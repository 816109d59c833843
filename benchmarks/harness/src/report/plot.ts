/** The plots that readers of the paper know, drawn to SVG by Vega-Lite without a browser. */
import type { Results } from '../claims/types.js'
import { armsOf, type Point, series } from './series.js'
import { wrap } from './tables.js'
import { subtitle } from './words.js'

export interface PlotSpec {
  /** The name of its file: "accuracy". */
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
    title: 'Early-stop iteration: where the validation loss is least',
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

/** The plots whose metric the results have. */
export const plotsOf = ({ rows }: Results) =>
  plots.filter(({ metric }) => rows.some(({ metrics }) => metrics[metric] !== undefined))

/** Colours that are no arm's; pages recolour them for dark screens (style.ts). */
export const INK = { text: '#222222', dim: '#666666', grid: '#e6e6e6', frame: '#cccccc', paper: '#ffffff' } as const

/** Okabe and Ito's colours, told apart by colour-blind readers, and shapes for those who see none. */
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#7F7F7F']
const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'triangle-right']

const WIDTH = 640
const HEIGHT = 320
/** Vega has no fonts here and takes letters for wide, so longer lines would widen the drawing. */
const SUBTITLE_LETTERS = 72
/** Neighbouring arms are drawn so many pixels apart, so that their intervals can be told apart. */
const DODGE = 3

/** An SVG of one metric against density (100% at the left, logarithmic), a line an arm, bars for 95% intervals. */
export async function renderPlot(results: Results, plot: PlotSpec): Promise<string> {
  return drawSvg(specOf(results, plot))
}

/** The SVG of a Vega-Lite spec. */
export async function drawSvg(spec: object): Promise<string> {
  // Loaded here: drawing is the last thing a command does, and workers never need it.
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  const compiled = vegaLite.compile(spec as Parameters<typeof vegaLite.compile>[0], { logger: silent })
  return new vega.View(vega.parse(compiled.spec), { renderer: 'none' }).toSVG()
}

function specOf(results: Results, { metric, scale, title, axis }: PlotSpec) {
  const scaled = (arms: readonly string[]) =>
    series(results, metric, [...arms]).map((point) => scalePoint(point, scale))
  // Every plot names every arm in the same order, so an arm keeps its colour.
  const arms = armsOf(results).filter((arm) => arm !== 'dense')
  const whole = [...scaled(['dense']), ...scaled(arms)]
  const range = rangeOf(whole)
  const points = whole.map((point) => cutPoint(point, range))
  const cut = whole.some(({ low, high }, i) => low !== points[i]!.low || high !== points[i]!.high)
  const frame = frameOf(whole)
  const x = {
    field: 'percent',
    type: 'quantitative',
    scale: { type: 'log', domain: frame, reverse: true, nice: false },
    axis: { values: ticksOf(whole, frame), title: 'weights left (%)', format: '.1~f', grid: false },
  }
  const y = { field: 'mean', type: 'quantitative', scale: { domain: range, nice: false }, axis: { title: axis } }
  const legend = { title: null, orient: 'bottom', columns: 6, symbolSize: 80, symbolOpacity: 1, labelLimit: 220 }
  const color = { field: 'arm', type: 'nominal', scale: { domain: arms, range: COLOURS }, legend }
  const shape = { field: 'arm', type: 'nominal', scale: { domain: arms, range: SHAPES }, legend }
  const interval = { x, y: { ...y, field: 'low' }, y2: { field: 'high' } }
  const lines = wrap(`${subtitle(results)}${cut ? '; bars that reach the frame go on' : ''}`, SUBTITLE_LETTERS)
  return {
    title: { text: title, subtitle: lines },
    width: WIDTH,
    height: HEIGHT,
    background: INK.paper,
    padding: 8,
    layer: [
      {
        data: { values: points.filter(({ arm }) => arm === 'dense') },
        layer: [
          { mark: { type: 'rule', strokeDash: [5, 4], color: INK.dim }, encoding: { y } },
          { mark: { type: 'rule', color: INK.dim }, encoding: interval },
          { mark: { type: 'point', filled: true, size: 45, color: INK.dim, opacity: 1 }, encoding: { x, y } },
          {
            mark: { type: 'text', align: 'right', dx: -6, dy: -7, fontSize: 12, color: INK.dim },
            encoding: { x, y, text: { value: 'dense' } },
          },
        ],
      },
      {
        data: {
          values: points
            .filter(({ arm }) => arm !== 'dense')
            .map((point) => ({ ...point, percent: dodged(point, arms, frame) })),
        },
        layer: [
          { mark: { type: 'rule', opacity: 0.5, strokeWidth: 1.5 }, encoding: { ...interval, color } },
          { mark: { type: 'line', strokeWidth: 1.6 }, encoding: { x, y, color } },
          { mark: { type: 'point', filled: true, size: 45, opacity: 1 }, encoding: { x, y, color, shape } },
        ],
      },
    ],
    config: CONFIG,
  }
}

const LETTERS = { labelColor: INK.text, titleColor: INK.text, labelFontSize: 12, titleFontSize: 13 }
export const CONFIG = {
  font: 'system-ui, sans-serif',
  // Screen readers get the table of levels instead of every mark.
  mark: { aria: false },
  view: { stroke: INK.frame },
  axis: { gridColor: INK.grid, tickColor: INK.frame, domainColor: INK.frame, titleFontWeight: 'normal', ...LETTERS },
  legend: LETTERS,
  title: {
    anchor: 'start',
    frame: 'group',
    fontSize: 15,
    color: INK.text,
    subtitleColor: INK.dim,
    subtitleFontSize: 12,
  },
}

const scalePoint = (point: Point, scale: number) => ({
  ...point,
  mean: scale * point.mean,
  low: point.low === null ? null : scale * point.low,
  high: point.high === null ? null : scale * point.high,
})

const cutPoint = (point: Point, [least, most]: readonly [number, number]): Point => ({
  ...point,
  low: point.low === null ? null : Math.max(point.low, least),
  high: point.high === null ? null : Math.min(point.high, most),
})

/** What the vertical axis covers: every mean, and of the intervals at most as much again on either side. */
function rangeOf(points: readonly Point[]): [number, number] {
  const means = points.map(({ mean }) => mean)
  const [least, most] = [Math.min(...means), Math.max(...means)]
  const reach = most - least || Math.abs(most) || 1
  const low = Math.min(...points.map(({ low, mean }) => low ?? mean))
  const high = Math.max(...points.map(({ high, mean }) => high ?? mean))
  const margin = 0.06 * reach
  return [Math.max(low, least - 0.75 * reach) - margin, Math.min(high, most + 0.75 * reach) + margin]
}

/** What the horizontal axis covers, in percent: from a little below the sparsest level to the whole network. */
function frameOf(points: readonly Point[]): [number, number] {
  const least = Math.min(50, ...points.map(({ percent }) => percent))
  const pad = (100 / least) ** 0.03
  // Room for the word "dense" before the whole network.
  return [least / pad, 100 * pad ** 2.7]
}

const pixelsBetween = (a: number, b: number, [least, most]: readonly [number, number]) =>
  (WIDTH * Math.log(a / b)) / Math.log(most / least)

/** The levels of the results, from the whole network on, as far as their labels do not touch. */
function ticksOf(points: readonly Point[], frame: readonly [number, number]): number[] {
  const percents = [...new Set([100, ...points.map(({ percent }) => percent)])].sort((a, b) => b - a)
  const ticks: number[] = []
  for (const percent of percents) {
    if (ticks.length === 0 || pixelsBetween(ticks.at(-1)!, percent, frame) >= 34) ticks.push(percent)
  }
  return ticks
}

function dodged({ arm, percent }: Point, arms: readonly string[], [least, most]: readonly [number, number]): number {
  const pixels = DODGE * (arms.indexOf(arm) - (arms.length - 1) / 2)
  return percent * (least / most) ** (pixels / WIDTH)
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
