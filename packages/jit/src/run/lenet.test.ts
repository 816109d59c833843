/** A training run of LeNet-300-100, compiled, against the same run on TensorFlow.js's `cpu` backend (fixtures/make_lenet.mjs). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inputs, signature, step } from '../../fixtures/lenet.mjs'
import { createEngine, type EngineOptions } from '../index.js'

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/lenet.json', import.meta.url), 'utf8')) as {
  readonly steps: number
  /** Which weights of a tensor are kept: all those whose index is a multiple of it. */
  readonly every: number
  readonly weights: Readonly<Record<string, readonly number[]>>
}

async function trained(options: EngineOptions): Promise<Record<string, Float32Array>> {
  const engine = await createEngine(options)
  const loop = await engine.compileLoop(step, signature)
  const { carry } = await loop.run(inputs(fixture.steps), fixture.steps)
  await engine.dispose()
  return carry.params as Record<string, Float32Array>
}

describe('200 Adam steps of LeNet-300-100', () => {
  it('end in the weights of the reference backend, updated in passes or in the graph: the same bits', async () => {
    const [passes, graph] = [await trained({ updates: 'auto' }), await trained({ updates: 'graph' })]
    expect(passes).toEqual(graph)
    expect(Object.keys(passes)).toEqual(Object.keys(fixture.weights))
    for (const [name, wanted] of Object.entries(fixture.weights)) {
      const found = passes[name]!.filter((_, i) => i % fixture.every === 0)
      expect(found).toHaveLength(wanted.length)
      const worst = found.reduce((max, value, i) => Math.max(max, Math.abs(value - wanted[i]!)), 0)
      expect(worst, name).toBeLessThan(1e-4)
    }
    // By far more than the tolerance did training move them.
    const { carry } = inputs(1)
    const before = (carry.params as Record<string, Float32Array>)['fc0.kernel']!
    expect(passes['fc0.kernel']!.filter((value, i) => Math.abs(value - before[i]!) > 0.01).length).toBeGreaterThan(1e4)
  })
})
