import { describe, expect, it } from 'vitest'
import { encodeInputs } from '../kinds/inputs.js'
import { encodeNeurons } from '../kinds/neurons.js'
import { inputMaps, neuronMaps } from './artifacts.js'
import type { ResultStore } from './results.js'
import type { Cell } from './types.js'

const image = [0, 255]
/** Counts at densities 0.5 and 0.1, by stage. */
const artifacts: Readonly<Record<string, number[][]>> = {
  one: [
    [2, 4],
    [1, 0],
  ],
  two: [
    [4, 4],
    [0, 1],
  ],
}
const store = {
  records: { get: async (id: string) => ({ deterministic: { artifacts: id === 'old' ? {} : { inputs: id } } }) },
  artifacts: { get: async (id: string) => artifacts[id] && encodeInputs({ kept: artifacts[id], image }) },
} as unknown as ResultStore

const cell = (arm: string, id: string, density: number, part: string) =>
  ({ arm, density, part, level: 1, seed: 1, stage: { id } }) as unknown as Cell

describe('maps of kept inputs', () => {
  it('are means over seeds at the largest density that is pruned', async () => {
    const cells = ['one', 'two'].flatMap((id) => [
      cell('mnist snip', id, 1, 'scores'),
      cell('mnist snip', id, 0.1, '1'),
      cell('mnist snip', id, 0.5, '0'),
    ])
    expect(await inputMaps(cells, store)).toEqual([{ arm: 'mnist snip', density: 0.5, kept: [3, 4], image }])
  })

  it('are not there where stages keep none, or the artifact is lost', async () => {
    const cells = [cell('a', 'old', 0.5, '0'), cell('b', 'lost', 0.5, '0')]
    expect(await inputMaps(cells, store)).toEqual([])
    expect(await inputMaps([cell('c', 'one', 0.5, '0')], { records: store.records })).toEqual([])
  })
})

describe('sums of neurons', () => {
  it('are those of the first seed of each arm that keeps them', async () => {
    const sums = { snip: { incoming: [1, -2.5], outgoing: [1, 0] }, 'grasp-type': { incoming: [0], outgoing: [4] } }
    const kept = {
      records: { get: async (id: string) => ({ deterministic: { artifacts: id === 'none' ? {} : { neurons: id } } }) },
      artifacts: { get: async (id: string) => (id === 'first' ? encodeNeurons(sums) : undefined) },
    } as unknown as ResultStore
    const cells = [cell('vgg dense', 'first', 1, ''), cell('vgg dense', 'second', 1, ''), cell('other', 'none', 1, '')]
    expect(await neuronMaps(cells, kept)).toEqual([{ arm: 'vgg dense', seed: 1, saliencies: sums }])
  })
})
