import { describe, expect, it } from 'vitest'
import { datasetsOf } from './data-needed.js'

describe('data sets of stages', () => {
  it('are all that their configs name, each once: an experiment may have more than its settings say', () => {
    const on = (dataset: string) => ({ config: { data: { dataset, validation: 10 }, seed: 1 } })
    const stages = [on('cifar10-jpeg'), { config: { target: 0.5 } }, on('mnist'), on('cifar10-jpeg')]
    expect(datasetsOf(stages)).toEqual(['cifar10-jpeg', 'mnist'])
  })
})
