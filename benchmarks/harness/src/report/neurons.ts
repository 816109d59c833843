/** What comes into hidden neurons against what leaves them, a panel for each saliency (SynFlow's Fig. 3). */
import type { Results } from '../claims/types.js'
import type { NeuronSums } from '../kinds/neurons.js'
import type { PlotSpec } from './plot.js'
import { COLOURS, CONFIG, INK, SUBTITLE_LETTERS } from './plot-parts.js'
import { wrap } from './tables.js'
import { subtitle } from './words.js'

const SIDE = 220

/** A plot for each arm whose stages keep sums of neurons. */
export function neuronPlots(results: Results): PlotSpec[] {
  return (results.neurons ?? []).map(({ arm, seed, saliencies }) => {
    const title = `${arm}: saliency that comes into a neuron and that leaves it`
    const name = `${arm.replaceAll(' ', '-')}-neurons`
    return { name, title, metric: 'neurons', axis: '', scale: 1, spec: specOf(results, title, seed, saliencies) }
  })
}

function specOf(results: Results, title: string, seed: number, saliencies: Readonly<Record<string, NeuronSums>>) {
  const values = Object.entries(saliencies).flatMap(([saliency, sums]) => marksOf(saliency, sums))
  const side = (field: string, title: string) => ({
    field,
    type: 'quantitative',
    scale: { domain: [-1.05, 1.05], nice: false },
    axis: { title, grid: false, tickCount: 5 },
  })
  const [x, y] = [side('incoming', 'incoming (largest = 1)'), side('outgoing', 'outgoing')]
  const ends = [-1, 1].map((end) => ({ incoming: end, outgoing: end }))
  const legend = `the first neurons of each layer, seed ${seed}; on the line what comes in leaves again`
  return {
    title: {
      text: title,
      subtitle: wrap(`${legend}; ${subtitle(results).replace('mean and 95% interval', 'one shown')}`, SUBTITLE_LETTERS),
    },
    background: INK.paper,
    padding: 8,
    data: { values },
    facet: {
      field: 'saliency',
      type: 'nominal',
      sort: Object.keys(saliencies),
      header: { title: null, labelFontSize: 13 },
    },
    columns: 2,
    spec: {
      width: SIDE,
      height: SIDE,
      layer: [
        { data: { values: ends }, mark: { type: 'line', color: INK.dim, strokeDash: [5, 4] }, encoding: { x, y } },
        { mark: { type: 'point', filled: true, size: 14, opacity: 0.6, color: COLOURS[0] }, encoding: { x, y } },
      ],
    },
    config: CONFIG,
  }
}

/** In units of the saliency's largest sum. */
function marksOf(saliency: string, { incoming, outgoing }: NeuronSums) {
  const most = [...incoming, ...outgoing].reduce((max, value) => Math.max(max, Math.abs(value)), 0) || 1
  const scaled = (value: number) => Number((value / most).toPrecision(4))
  return incoming.map((value, i) => ({ saliency, incoming: scaled(value), outgoing: scaled(outgoing[i]!) }))
}
