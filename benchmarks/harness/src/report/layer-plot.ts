/** The densities of a ticket's layers as an SVG. */
import type { TicketShape } from './layers.js'
import { percent } from './layers.js'
import { CONFIG, INK, toSvg } from './plot-parts.js'

const FILL = '#0072B2'
const ROW = 17

/** A bar a layer, in the model's order; layers of which nothing is left are named as collapsed. */
export function layerPlot({ layers, collapsed, density, flops }: TicketShape, title: string): Promise<string> {
  const values = layers.map(({ name, density: share }) => ({
    layer: name,
    percent: 100 * share,
    text: collapsed.includes(name) ? 'collapsed' : percent(share),
  }))
  const y = { field: 'layer', type: 'nominal', sort: null, axis: { title: null, labelLimit: 300 } }
  const x = { field: 'percent', type: 'quantitative', axis: { title: 'weights left (%)' } }
  const cost = `${percent(flops.sparse / flops.dense)} of the dense network's FLOPs`
  return toSvg({
    title: { text: title, subtitle: `${percent(density.density)} of the weights, ${cost}` },
    width: 480,
    height: { step: ROW },
    background: INK.paper,
    padding: 8,
    data: { values },
    layer: [
      { mark: { type: 'bar', color: FILL }, encoding: { x, y } },
      {
        mark: { type: 'text', align: 'left', dx: 4, fontSize: 11, color: INK.dim },
        encoding: { x, y, text: { field: 'text' } },
      },
    ],
    config: CONFIG,
  })
}
