/** Which inputs masks keep, as images beside the mean image (Lee et al. 2019, Fig. 2). */
import { Buffer } from 'node:buffer'
import { encode } from 'fast-png'
import type { InputMap, Results } from '../claims/types.js'
import type { PlotSpec } from './plot.js'
import { CONFIG, INK, SUBTITLE_LETTERS } from './plot-parts.js'
import { wrap } from './tables.js'
import { subtitle } from './words.js'

/** Pixels of the drawing, and of the image in it, to a pixel of the data: without the latter, viewers blur it. */
const SIDE = 168
const ENLARGED = 6
const GAP = 12
const LETTERS = 24

/** A plot for each network or data set of which there are maps of square images. */
export function heatMaps(results: Results): PlotSpec[] {
  const groups = new Map<string, (InputMap & { readonly name: string })[]>()
  for (const map of results.maps ?? []) {
    const [group, name] = split(map.arm)
    if (Number.isInteger(Math.sqrt(map.kept.length)))
      groups.set(group, [...(groups.get(group) ?? []), { ...map, name }])
  }
  return [...groups].map(([group, maps]) => {
    const title = `${group}: connections that are kept of each input`
    const images = [
      ...maps.map(({ name, density, kept }) => ({
        name: `${name} (${(100 * density).toPrecision(2)}%)`,
        url: png(kept),
      })),
      { name: 'mean image', url: png(maps[0]!.image) },
    ]
    return {
      name: `${group}-heat-map`,
      title,
      metric: 'kept',
      axis: '',
      scale: 1,
      spec: specOf(results, title, images),
    }
  })
}

const split = (arm: string): [string, string] => {
  const at = arm.indexOf(' ')
  return [arm.slice(0, at), arm.slice(at + 1)]
}

function specOf(results: Results, title: string, images: readonly { readonly name: string; readonly url: string }[]) {
  const legend = 'black: none; white: the most of any input, each image by itself'
  return {
    title: {
      text: title,
      subtitle: wrap(`${legend}; ${subtitle(results).replace('mean and 95% interval', 'mean')}`, SUBTITLE_LETTERS),
    },
    width: images.length * (SIDE + GAP),
    height: SIDE + LETTERS,
    background: INK.paper,
    padding: 8,
    data: { values: images },
    encoding: { x: { field: 'name', type: 'nominal', sort: null, axis: null } },
    layer: [
      {
        mark: { type: 'image', width: SIDE, height: SIDE },
        encoding: { y: { value: SIDE / 2 }, url: { field: 'url', type: 'nominal' } },
      },
      {
        mark: { type: 'text', fontSize: 13, color: INK.text },
        encoding: { y: { value: SIDE + LETTERS - 6 }, text: { field: 'name' } },
      },
    ],
    config: { ...CONFIG, view: { stroke: null } },
  }
}

/** A square grey image, from 0 to its largest value. */
function png(values: readonly number[]): string {
  const side = Math.sqrt(values.length)
  const most = Math.max(...values) || 1
  const width = ENLARGED * side
  const pixel = (at: number) => {
    const [row, column] = [Math.floor(at / width / ENLARGED), Math.floor((at % width) / ENLARGED)]
    return Math.round((255 * values[row * side + column]!) / most)
  }
  const data = Uint8Array.from({ length: width * width }, (_, at) => pixel(at))
  return `data:image/png;base64,${Buffer.from(encode({ width, height: width, channels: 1, data })).toString('base64')}`
}
