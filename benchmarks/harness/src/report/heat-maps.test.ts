/** Heat maps from made-up (synthetic) counts: the pixels are those of the counts, and SVGs have them. */
import { decode } from 'fast-png'
import { describe, expect, it } from 'vitest'
import type { InputMap, Results } from '../claims/types.js'
import { heatMaps } from './heat-maps.js'
import { plotsOf, renderPlot } from './index.js'

const map = (arm: string, kept: readonly number[]): InputMap => ({ arm, density: 0.1, kept, image: [0, 0, 255, 51] })
const resultsOf = (maps: readonly InputMap[]): Results => ({
  paper: 'snip',
  title: 'Made-up masks',
  profile: 'smoke',
  dataset: { name: 'made-up', note: 'synthetic' },
  rows: [],
  maps,
})
interface Spec {
  readonly data: { readonly values: readonly { readonly name: string; readonly url: string }[] }
}
const imagesOf = (results: Results) => (heatMaps(results)[0]!.spec as Spec).data.values

/** The pixels in the middles of the quarters. */
function quarters(url: string): number[] {
  const { width, data } = decode(Buffer.from(url.split(',')[1]!, 'base64'))
  const places = [0.25, 0.75].map((part) => Math.floor(part * width))
  return places.flatMap((row) => places.map((column) => data[row * width + column]!))
}

describe('heat maps', () => {
  const results = resultsOf([
    map('mnist snip', [0, 1, 4, 2]),
    map('mnist random', [3, 3, 3, 3]),
    map('other snip', [1, 2, 3, 4]),
  ])

  it('are one for each data set, an image for each arm and the mean image', () => {
    expect(heatMaps(results).map(({ name }) => name)).toEqual(['mnist-heat-map', 'other-heat-map'])
    expect(imagesOf(results).map(({ name }) => name)).toEqual(['snip (10%)', 'random (10%)', 'mean image'])
  })

  it('have the counts as pixels, the largest of each image white', () => {
    expect(imagesOf(results).map(({ url }) => quarters(url))).toEqual([
      [0, 64, 255, 128],
      [255, 255, 255, 255],
      [0, 0, 255, 51],
    ])
  })

  it('are drawn among the plots, with the images inside', async () => {
    const plot = plotsOf(results).find(({ name }) => name === 'mnist-heat-map')!
    const svg = await renderPlot(results, plot)
    for (const { url } of imagesOf(results)) expect(svg).toContain(url)
    expect(svg).toContain('random (10%)')
  })

  it('leave out what is no square image, and masks that keep nothing are black', () => {
    expect(heatMaps(resultsOf([map('rgb snip', [1, 2, 3])]))).toEqual([])
    expect(quarters(imagesOf(resultsOf([map('mnist snip', [0, 0, 0, 0])]))[0]!.url)).toEqual([0, 0, 0, 0])
  })
})
