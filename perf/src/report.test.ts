/** From timings to a line: medians, ratios, the faster layout. */
import { describe, expect, it } from 'vitest'
import { line, median, type SideFigures, summarise } from './report.js'

const side = (rates: number[], peakMb: number): SideFigures => ({ rates, peakMb, version: 'torch 0' })
const conv = { name: 'conv', title: 'a network', unit: 'ms/step' } as const

describe('a measurement', () => {
  it('of times is against the layout that takes least, with every layout beside it', () => {
    const peers = { default: side([4, 5, 20], 100), channels_last: side([10, 8, 10], 400) }
    const measurement = summarise(conv, side([2, 4, 8], 200), peers)
    expect(measurement).toMatchObject({ ours: 250, peer: 100, ratio: 2.5, peerLayout: 'channels_last' })
    expect(measurement).toMatchObject({ oursPeakMb: 200, peerPeakMb: 400 })
    expect(measurement.peers).toEqual([
      { layout: 'default', value: 200, ratio: 1.25, peakMb: 100, peakRatio: 2 },
      { layout: 'channels_last', value: 100, ratio: 2.5, peakMb: 400, peakRatio: 0.5 },
    ])
    const text = line(measurement)
    expect(text).toContain('250.0 ms/step')
    expect(text).toMatch(/torch 0 default: +200\.0 +ratio 1\.25 +peak 200 MB \/ 100 MB/)
    expect(text).toMatch(/torch 0 channels_last: +100\.0 +ratio 2\.50/)
  })

  it('of rates is a ratio of rates', () => {
    const measurement = summarise({ ...conv, unit: 'steps/s' }, side([30], 1), { default: side([20], 1) })
    expect(measurement).toMatchObject({ ours: 30, peer: 20, ratio: 1.5 })
    expect(line(measurement)).toMatch(/30 steps\/s +torch 0: +20 +ratio 1\.50/)
  })

  it('says so where there is no peer', () => {
    const measurement = summarise(conv, side([10], 1), {})
    expect(measurement).toMatchObject({ ours: 100, peer: null, ratio: null, peerLayout: null, peerPeakMb: null })
    expect(line(measurement)).toContain('peer: not installed')
  })
})

it('takes medians', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
})
