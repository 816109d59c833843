import { describe, expect, it } from 'vitest'
import type { Results } from '../claims/types.js'
import { plotsOf, renderPlot } from './index.js'
import { neuronPlots } from './neurons.js'

/** Made-up (synthetic) sums. */
const results: Results = {
  paper: 'synflow-conservation',
  title: 'Made-up sums',
  profile: 'smoke',
  dataset: { name: 'made-up', note: 'synthetic' },
  rows: [],
  neurons: [
    {
      arm: 'vgg-11 dense',
      seed: 1,
      saliencies: { snip: { incoming: [1, -4], outgoing: [2, -3] }, none: { incoming: [0], outgoing: [0] } },
    },
  ],
}

describe('neurons', () => {
  it('stand at what comes in and what leaves, in units of the largest sum of their saliency', () => {
    const [plot] = neuronPlots(results)
    expect(plot!.name).toBe('vgg-11-dense-neurons')
    expect((plot!.spec as { data: { values: unknown } }).data.values).toEqual([
      { saliency: 'snip', incoming: 0.25, outgoing: 0.5 },
      { saliency: 'snip', incoming: -1, outgoing: -0.75 },
      { saliency: 'none', incoming: 0, outgoing: 0 },
    ])
  })

  it('are drawn among the plots, a panel for each saliency', async () => {
    const plot = plotsOf(results).find(({ metric }) => metric === 'neurons')!
    const svg = await renderPlot(results, plot)
    for (const text of ['snip', 'none', 'incoming (largest = 1)']) expect(svg).toContain(text)
  })
})
