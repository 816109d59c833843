/** The plots that readers of the paper know, drawn to SVG by Vega-Lite without a browser. */
import { hasPanels, panelsOf } from '../claims/networks.js'
import type { Results } from '../claims/types.js'
import { scoredPlots } from './before-training.js'
import { deficitPlots } from './deficits.js'
import { heatMaps } from './heat-maps.js'
import { neuronPlots } from './neurons.js'
import { specOverTraining, trainingPlots } from './over-training.js'
import {
  COLOURS,
  CONFIG,
  cutPoint,
  HEIGHT,
  INK,
  rangeOf,
  SHAPES,
  SUBTITLE_LETTERS,
  scalePoint,
  toSvg,
  WIDTH,
} from './plot-parts.js'
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
  /** Drawn against the percent of training in the arms' names ("rewind 3%") instead of against density. */
  readonly over?: 'training'
  /** Whether the metric has a number for each layer ("maskOverlap/conv1.kernel"), which then are the lines. */
  readonly byLayer?: true
  /** The drawing itself, in Vega-Lite's terms, where it is none of these. */
  readonly spec?: object
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
  {
    name: 'random-labels',
    title: 'Accuracy on the random labels that were trained on',
    metric: 'fitAccuracy',
    axis: 'training accuracy (%)',
    scale: 100,
  },
]

/** The plots that the results have lines for: of an arm at several densities, of arms at several percents of training or spoilt windows. */
export const plotsOf = (results: Results): PlotSpec[] => [
  ...(hasPanels(results) ? panelPlots(results) : densityPlots(results)),
  ...trainingPlots(results),
  ...deficitPlots(results),
  ...scoredPlots(results),
  ...heatMaps(results),
  ...neuronPlots(results),
]

const densityPlots = (results: Results): PlotSpec[] =>
  plots.filter(({ metric }) => {
    const points = series(results, metric)
    return points.some((point, i) => points.slice(i + 1).some(({ arm }) => arm === point.arm))
  })

/** The same of each panel, under its name. */
const panelPlots = (results: Results): PlotSpec[] =>
  [...panelsOf(results)].flatMap(([name, panel]) =>
    densityPlots(panel).map((plot) => {
      const named = { ...plot, name: `${name.replaceAll(' ', '-')}-${plot.name}`, title: `${name}: ${plot.title}` }
      return { ...named, spec: specOf(panel, named) }
    }),
  )

/** Neighbouring arms are drawn so many pixels apart, so that their intervals can be told apart. */
const DODGE = 3

/** An SVG of one metric against density (100% at the left, logarithmic), a line an arm, bars for 95% intervals. */
export async function renderPlot(results: Results, plot: PlotSpec): Promise<string> {
  return toSvg(plot.spec ?? (plot.over === 'training' ? specOverTraining(results, plot) : specOf(results, plot)))
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
