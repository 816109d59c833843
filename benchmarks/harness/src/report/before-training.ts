/** Plots of scores and masks, most of them before training: what each layer keeps and scores, and what masks measure, against compression. */
import { groupsOf, networksOf } from '../claims/networks.js'
import { rowsOf } from '../claims/query.js'
import type { Results } from '../claims/types.js'
import type { PlotSpec } from './plot.js'
import { COLOURS, CONFIG, HEIGHT, INK, SHAPES, SUBTITLE_LETTERS, WIDTH } from './plot-parts.js'
import { armsOf } from './series.js'
import { wrap } from './tables.js'
import { subtitle } from './words.js'

/** A mark: an arm's value at some place. */
interface Mark {
  readonly arm: string
  readonly x: number
  readonly y: number
}

interface Axis {
  readonly title: string
  readonly log: boolean
  /** Where a line is drawn across, with its name. */
  readonly line?: { readonly at: number; readonly name: string } | undefined
}

/** rho_max, one weight a layer, of results that come near it. */
function largestCompression({ rows }: Results): Axis['line'] {
  const row = rows.find(({ metrics }) => metrics.prunable !== undefined && metrics.layers !== undefined)
  const most = row && row.metrics.prunable! / row.metrics.layers!
  const near = most !== undefined && rows.some(({ density }) => density * most < 10)
  return near ? { at: most, name: 'one weight a layer' } : undefined
}

const MEASURES = [
  { name: 'empty-layers', title: 'Layers of which nothing is left', metric: 'collapsed', axis: 'layers' },
  {
    name: 'path-left',
    title: 'Networks with a path from input to output',
    metric: 'connected',
    axis: 'share of seeds',
  },
  { name: 'gradient-norm', title: 'Squared gradient norm of the kept weights', metric: 'gradientNorm@1', axis: '|g|²' },
  {
    name: 'spread',
    title: 'Spread of the layers’ sums of theta²',
    metric: 'spread',
    axis: 'standard deviation / mean',
  },
  { name: 'inputs', title: 'Kept inputs against the mean image', metric: 'inputCorrelation', axis: 'correlation' },
] as const

/** Compressions at which layers are drawn: the nearest that was measured. */
const SHOWN = [10, 100, 1000]

/** The plots of a scored grid, a set for each network or data set; none of other grids. */
export function scoredPlots(results: Results): PlotSpec[] {
  if (!results.rows.some(({ metrics }) => metrics.collapsed !== undefined)) return []
  const groups = networksOf(results).has('') ? groupsOf(results) : networksOf(results)
  return [...groups].flatMap(([name, own]) => [
    ...MEASURES.filter(({ metric }) => own.rows.some(({ metrics }) => metrics[metric] !== undefined)).map((measure) =>
      plot(
        name,
        measure,
        own,
        measured(own, measure.metric),
        { title: 'compression', log: true, line: largestCompression(own) },
        { title: measure.axis, log: false },
      ),
    ),
    ...SHOWN.flatMap((compression) => layerPlots(name, own, compression)),
    ...sizePlots(name, own),
  ])
}

/** Means over seeds of a metric, against compression; of arms that are pruned. */
function measured(results: Results, metric: string): Mark[] {
  return armsOf(results).flatMap((arm) => {
    const means = meansBy(
      rowsOf(results, arm),
      (row) => 1 / row.density,
      (row) => row.metrics[metric],
    )
    const pruned = [...means.keys()].some((compression) => compression > 1)
    return pruned ? [...means].map(([x, y]) => ({ arm, x, y })) : []
  })
}

/** What each layer keeps at one compression (SynFlow's Fig. 2). */
function layerPlots(name: string, results: Results, compression: number): PlotSpec[] {
  const marks = armsOf(results).flatMap((arm) => {
    const rows = rowsOf(results, arm).filter(({ metrics }) => metrics.collapsed !== undefined)
    const near = rows.filter(({ density }) => Math.abs(Math.log(density * compression)) < 1e-6)
    const layers = Object.keys(near[0]?.metrics ?? {}).filter((key) => key.startsWith('kept/'))
    return layers.map((key, i) => {
      const mean = near.reduce((sum, { metrics }) => sum + metrics[key]!, 0) / near.length
      // Nothing has no place on a logarithmic axis: it stands at a tenth of a weight.
      return { arm, x: i + 1, y: Math.max(0.1, mean) }
    })
  })
  if (marks.length === 0) return []
  const measure = {
    name: `layers-${compression}x`,
    title: `Weights left in each layer at compression ${compression} (0.1 stands for none)`,
    metric: 'kept',
    axis: 'weights',
  }
  return [plot(name, measure, results, marks, { title: 'layer', log: false }, { title: 'weights', log: true })]
}

/** Mean score of each layer against its size, in units of the arm's largest (SynFlow's Figs. 4 and 5). */
function sizePlots(name: string, results: Results): PlotSpec[] {
  const drawn = new Set<string>()
  const marks = armsOf(results).flatMap((arm) => {
    // A ladder of tickets begins with the dense network at the end of its training: one stage, drawn once.
    const rows = rowsOf(results, arm, [0]).filter(({ stageId }) => !drawn.has(stageId))
    for (const { stageId } of rows) drawn.add(stageId)
    const layers = Object.keys(rows[0]?.metrics ?? {}).flatMap((key) =>
      key.startsWith('score/') ? [key.slice(6)] : [],
    )
    const points = layers.map((layer) => ({
      arm,
      x: rows[0]!.metrics[`size/${layer}`]!,
      y: rows.reduce((sum, { metrics }) => sum + metrics[`score/${layer}`]!, 0) / rows.length,
    }))
    const largest = Math.max(...points.map(({ y }) => y))
    return points.map((point) => ({ ...point, y: point.y / largest }))
  })
  if (marks.length === 0) return []
  const measure = { name: 'size-and-score', title: 'Mean score of a layer against its size', metric: 'score', axis: '' }
  const axes = [
    { title: 'weights of the layer', log: true },
    { title: 'mean score (largest = 1)', log: true },
  ] as const
  return [plot(name, measure, results, marks, ...axes, 'points')]
}

function meansBy<T>(
  items: readonly T[],
  by: (item: T) => number,
  of: (item: T) => number | undefined,
): Map<number, number> {
  const lists = new Map<number, number[]>()
  for (const item of items) {
    const value = of(item)
    if (value !== undefined) lists.set(by(item), [...(lists.get(by(item)) ?? []), value])
  }
  return new Map([...lists].map(([key, list]) => [key, list.reduce((sum, value) => sum + value, 0) / list.length]))
}

function plot(
  network: string,
  measure: { readonly name: string; readonly title: string; readonly metric: string; readonly axis: string },
  results: Results,
  marks: readonly Mark[],
  x: Axis,
  y: Axis,
  kind: 'lines' | 'points' = 'lines',
): PlotSpec {
  const title = `${network}: ${measure.title}`
  const place = (field: 'x' | 'y', { title, log }: Axis) => ({
    field,
    type: 'quantitative',
    scale: { type: log ? 'log' : 'linear', ...(log && { nice: false }) },
    axis: { title, grid: field === 'y', ...(log && { format: '~g', tickCount: 8 }) },
  })
  const arms = armsOf(results)
  const legend = { title: null, orient: 'bottom', columns: 6, symbolSize: 80, symbolOpacity: 1, labelLimit: 220 }
  const encoding = {
    x: place('x', x),
    y: place('y', y),
    color: { field: 'arm', type: 'nominal', scale: { domain: arms, range: [...COLOURS, INK.text] }, legend },
  }
  const shape = { field: 'arm', type: 'nominal', scale: { domain: arms, range: [...SHAPES, 'stroke'] }, legend }
  const line = { mark: { type: 'line', strokeWidth: 1.6 }, encoding }
  const point = { mark: { type: 'point', filled: true, size: 45, opacity: 1 }, encoding: { ...encoding, shape } }
  const limit = x.line && {
    data: { values: [{ x: x.line.at }] },
    encoding: { x: encoding.x },
    mark: { type: 'rule', strokeDash: [5, 4], color: INK.dim },
  }
  const legendOfLine = x.line ? `; dashed: ${x.line.name}` : ''
  const drawn = kind === 'lines' ? [line, point] : [point]
  const spec = {
    title: {
      text: title,
      subtitle: wrap(`${subtitle(results).replace('mean and 95% interval', 'mean')}${legendOfLine}`, SUBTITLE_LETTERS),
    },
    width: WIDTH,
    height: HEIGHT,
    background: INK.paper,
    padding: 8,
    data: { values: marks },
    layer: limit ? [limit, ...drawn] : drawn,
    config: CONFIG,
  }
  return { ...measure, name: `${network}-${measure.name}`, title, scale: 1, spec }
}
