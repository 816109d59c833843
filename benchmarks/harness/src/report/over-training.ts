/** Plots against a percent of training that arms have in their names: rewind points, looks at a run. */
import type { Results } from '../claims/types.js'
import { windowOf } from './deficits.js'
import type { PlotSpec } from './plot.js'
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
  WIDTH,
} from './plot-parts.js'
import { armsOf, type Point, series } from './series.js'
import { wrap } from './tables.js'
import { subtitle } from './words.js'

const shares: readonly PlotSpec[] = (
  [
    {
      name: 'accuracy-over-training',
      title: 'Test accuracy at the end of training',
      metric: 'testAccuracyAtEnd',
      axis: 'test accuracy (%)',
    },
    {
      name: 'barrier',
      title: 'Error barrier between two copies, on test examples',
      metric: 'testBarrier',
      axis: 'barrier (% of examples)',
    },
    {
      name: 'mask-overlap',
      title: 'The part of the final mask that the mask of the moment has',
      metric: 'maskOverlap',
      axis: 'overlap (%)',
    },
    {
      name: 'mask-overlap-by-layer',
      title: 'The part of the final mask that a layer’s mask of the moment has',
      metric: 'maskOverlap',
      axis: 'overlap (%)',
      byLayer: true,
    },
    {
      name: 'shapes',
      title: 'Test accuracy on blurred images',
      metric: 'lowPassAccuracy',
      axis: 'test accuracy (%)',
    },
    {
      name: 'details',
      title: 'Test accuracy on what blurring takes away',
      metric: 'highPassAccuracy',
      axis: 'test accuracy (%)',
    },
  ] satisfies Partial<PlotSpec>[]
).map((plot) => ({ ...plot, scale: 100, over: 'training' as const }))

/** Of the saliency theta², in its own units. */
const magnitudes: readonly PlotSpec[] = [
  {
    name: 'spread-over-training',
    title: 'Spread of the layers’ sums of theta²',
    metric: 'spread',
    axis: 'standard deviation / mean',
  },
  {
    name: 'critical-over-training',
    title: 'Compression at which magnitude pruning would first empty a layer',
    metric: 'criticalCompression',
    axis: 'compression',
  },
].map((plot) => ({ ...plot, scale: 1, over: 'training' as const }))

/** A point of a line: "resnet-8 ticket", at 3% of training. */
interface PlacedPoint extends Point {
  readonly line: string
  readonly at: number
}

/** The plots that have a line of at least two points. */
export const trainingPlots = (results: Results): PlotSpec[] =>
  [...shares, ...magnitudes].filter((plot) => {
    const points = linesOf(results, plot)
    return points.some((point, i) => points.slice(i + 1).some(({ line }) => line === point.line))
  })

/** The lines of a plot: an arm's each, or a layer's. */
function linesOf(results: Results, { metric, byLayer }: PlotSpec): PlacedPoint[] {
  if (!byLayer) return armLines(results, metric)
  const names = new Set(results.rows.flatMap(({ metrics }) => Object.keys(metrics)))
  return [...names]
    .filter((name) => name.startsWith(`${metric}/`))
    .flatMap((name) => {
      const line = name.slice(metric.length + 1).replace(/\.kernel$/, '')
      return armLines(results, name).map((point) => ({ ...point, line }))
    })
}

/** A line for each name without its percent, at the sparsest of its levels, which is named where it is not dense. */
function armLines(results: Results, metric: string): PlacedPoint[] {
  // Spoilt windows are parts of training, not points of it: deficits.ts draws them.
  const arms = armsOf(results).filter((arm) => windowOf(arm) === undefined)
  const placed = arms.flatMap((arm) => {
    const [, line, at] = /^(.+) ([\d.]+)%$/.exec(arm) ?? []
    const last = series(results, metric, [arm]).at(-1)
    return line === undefined || last === undefined ? [] : [{ ...last, line, at: Number(at) }]
  })
  const named = placed.map((point) => ({
    ...point,
    line: point.percent < 100 ? `${point.line}, ${point.percent.toFixed(1)}% left` : point.line,
  }))
  return named.sort((a, b) => a.at - b.at)
}

export function specOverTraining(results: Results, plot: PlotSpec) {
  const { scale, title, axis } = plot
  const whole = linesOf(results, plot).map((point) => scalePoint(point, scale))
  const lines = [...new Set(whole.map(({ line }) => line))]
  const range = rangeOf(whole)
  const points = whole.map((point) => cutPoint(point, range))
  const cut = whole.some(({ low, high }, i) => low !== points[i]!.low || high !== points[i]!.high)
  const x = { field: 'at', type: 'ordinal', axis: { title: 'percent of training', labelAngle: 0 } }
  const y = { field: 'mean', type: 'quantitative', scale: { domain: range, nice: false }, axis: { title: axis } }
  const legend = { title: null, orient: 'bottom', columns: 3, symbolSize: 80, symbolOpacity: 1, labelLimit: 320 }
  // Layers are more than there are colours to tell apart; with shapes a scale does.
  const colours = lines.length > COLOURS.length ? { scheme: 'viridis' } : { range: COLOURS }
  const color = { field: 'line', type: 'nominal', scale: { domain: lines, ...colours }, legend }
  const shape = { field: 'line', type: 'nominal', scale: { domain: lines, range: SHAPES }, legend }
  return {
    title: {
      text: title,
      subtitle: wrap(`${subtitle(results)}${cut ? '; bars that reach the frame go on' : ''}`, SUBTITLE_LETTERS),
    },
    width: WIDTH,
    height: HEIGHT,
    background: INK.paper,
    padding: 8,
    data: { values: points },
    layer: [
      {
        mark: { type: 'rule', opacity: 0.5, strokeWidth: 1.5 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
      },
      { mark: { type: 'line', strokeWidth: 1.6 }, encoding: { x, y, color } },
      { mark: { type: 'point', filled: true, size: 45, opacity: 1 }, encoding: { x, y, color, shape } },
    ],
    config: CONFIG,
  }
}
