/** The plot of what spoilt data leave behind: the deficit against the window that was spoilt ("blur first 25%"). */
import { difference, levelsOf, paired, perSeed } from '../claims/query.js'
import type { Results } from '../claims/types.js'
import { estimate } from '../statistics/estimate.js'
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
import { armsOf, type Point } from './series.js'
import { wrap } from './tables.js'
import { subtitle } from './words.js'

const METRIC = 'testAccuracyAtEnd'

interface Window {
  /** What was spoilt: "blur". */
  readonly line: string
  readonly edge: 'first' | 'last'
  /** Percent of what may be spoilt; "first 0%" is the clean run. */
  readonly percent: number
}

/** Of an arm that names one. */
export function windowOf(arm: string): Window | undefined {
  const [, line, edge, percent] = /^(.+) (first|last) ([\d.]+)%$/.exec(arm) ?? []
  return line === undefined ? undefined : { line, edge: edge as Window['edge'], percent: Number(percent) }
}

/** How far a spoilt run ends below the clean one, in points, paired by seed. */
export interface Deficit extends Point {
  readonly line: string
  readonly edge: Window['edge']
  /** "first 25%". */
  readonly window: string
}

/** A point for each window of each kind of spoiling that has a clean run, in the order of the rows. */
export function deficitsOf(results: Results): Deficit[] {
  const windows = armsOf(results).flatMap((arm) => {
    const window = windowOf(arm)
    return window === undefined ? [] : [{ arm, ...window }]
  })
  const measured = (arm: string) => perSeed(results, arm, METRIC, [levelsOf(results, arm)[0]!.level])
  return windows.flatMap(({ arm, line, edge, percent }) => {
    const clean = windows.find((other) => other.line === line && other.percent === 0)
    if (clean === undefined || percent === 0) return []
    const values = paired(measured(clean.arm), measured(arm), difference)
    if (values.length === 0) return []
    const point = { arm, level: 0, percent, line, edge, window: `${edge} ${percent}%`, ...estimate(values) }
    return scalePoint(point, 100)
  })
}

/** The plot, where at least two windows were spoilt. */
export function deficitPlots(results: Results): PlotSpec[] {
  const whole = deficitsOf(results)
  if (new Set(whole.map(({ window }) => window)).size < 2) return []
  const title = 'What spoilt data leave behind after clean training'
  const axis = 'deficit (points of test accuracy)'
  return [{ name: 'deficit', title, metric: METRIC, axis, scale: 100, spec: specOf(results, whole, title, axis) }]
}

function specOf(results: Results, whole: readonly Deficit[], title: string, axis: string) {
  // A clean run has no deficit, and the axis shows where that is.
  const range = rangeOf([...whole, { ...whole[0]!, mean: 0, low: null, high: null }])
  const points = whole.map((point) => ({ ...cutPoint(point, range), stroke: `${point.line} ${point.edge}` }))
  const cut = whole.some(({ low, high }, i) => low !== points[i]!.low || high !== points[i]!.high)
  const lines = [...new Set(whole.map(({ line }) => line))]
  const windows = [...new Set(whole.map(({ window }) => window))]
  const x = {
    field: 'window',
    type: 'ordinal',
    scale: { domain: windows },
    axis: { title: 'spoilt window of the part of training that may be spoilt', labelAngle: 0 },
  }
  const y = { field: 'mean', type: 'quantitative', scale: { domain: range, nice: false }, axis: { title: axis } }
  const legend = { title: null, orient: 'bottom', columns: 3, symbolSize: 80, symbolOpacity: 1, labelLimit: 320 }
  const color = { field: 'line', type: 'nominal', scale: { domain: lines, range: COLOURS }, legend }
  const shape = { field: 'line', type: 'nominal', scale: { domain: lines, range: SHAPES }, legend }
  // Intervals of one window stand side by side.
  const xOffset = { field: 'line', type: 'nominal', scale: { domain: lines, paddingOuter: 3 } }
  const place = { x, xOffset, color }
  return {
    title: {
      text: title,
      subtitle: wrap(
        `${subtitle(results)}, paired by seed${cut ? '; bars that reach the frame go on' : ''}`,
        SUBTITLE_LETTERS,
      ),
    },
    width: WIDTH,
    height: HEIGHT,
    background: INK.paper,
    padding: 8,
    data: { values: points },
    layer: [
      {
        mark: { type: 'rule', strokeDash: [5, 4], color: INK.dim },
        encoding: { y: { ...y, datum: 0, field: undefined } },
      },
      {
        mark: { type: 'rule', opacity: 0.5, strokeWidth: 1.5 },
        encoding: { ...place, y: { ...y, field: 'low' }, y2: { field: 'high' } },
      },
      // The first windows are parts of each other, the last one stands for itself.
      {
        mark: { type: 'line', strokeWidth: 1.6 },
        encoding: { ...place, y, detail: { field: 'stroke', type: 'nominal' } },
      },
      { mark: { type: 'point', filled: true, size: 45, opacity: 1 }, encoding: { ...place, y, shape } },
    ],
    config: CONFIG,
  }
}
