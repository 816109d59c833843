/** What all plots are drawn with: colours, frames, ranges, and Vega-Lite without a browser. */
import type { Point } from './series.js'

/** Colours that are no arm's; pages recolour them for dark screens (style.ts). */
export const INK = { text: '#222222', dim: '#666666', grid: '#e6e6e6', frame: '#cccccc', paper: '#ffffff' } as const

/** Okabe and Ito's colours, told apart by colour-blind readers, and shapes for those who see none. */
export const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#7F7F7F']
export const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'triangle-right']

export const WIDTH = 640
export const HEIGHT = 320
/** Vega has no fonts here and takes letters for wide, so longer lines would widen the drawing. */
export const SUBTITLE_LETTERS = 72

/** An SVG of a Vega-Lite specification. */
export async function toSvg(spec: object): Promise<string> {
  // Loaded here: drawing is the last thing a bench does, and workers never need it.
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  const compiled = vegaLite.compile(spec as Parameters<typeof vegaLite.compile>[0], { logger: silent })
  return new vega.View(vega.parse(compiled.spec), { renderer: 'none' }).toSVG()
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

export const scalePoint = <P extends Point>(point: P, scale: number): P => ({
  ...point,
  mean: scale * point.mean,
  low: point.low === null ? null : scale * point.low,
  high: point.high === null ? null : scale * point.high,
})

export const cutPoint = <P extends Point>(point: P, [least, most]: readonly [number, number]): P => ({
  ...point,
  low: point.low === null ? null : Math.max(point.low, least),
  high: point.high === null ? null : Math.min(point.high, most),
})

/** What the vertical axis covers: every mean, and of the intervals at most as much again on either side. */
export function rangeOf(points: readonly Point[]): [number, number] {
  const means = points.map(({ mean }) => mean)
  const [least, most] = [Math.min(...means), Math.max(...means)]
  const reach = most - least || Math.abs(most) || 1
  const low = Math.min(...points.map(({ low, mean }) => low ?? mean))
  const high = Math.max(...points.map(({ high, mean }) => high ?? mean))
  const margin = 0.06 * reach
  return [Math.max(low, least - 0.75 * reach) - margin, Math.min(high, most + 0.75 * reach) + margin]
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
