/** SNIP's scores against the slope of the loss in each mask element, and against PyTorch. */
import { readFileSync } from 'node:fs'
import {
  countKept,
  drawScoringExamples,
  initialWeights,
  patternedMethodContext,
  patternedScoreContext,
  scoreError,
  smallNets,
  type TensorRecord,
  twentyDensities,
  withPrunable,
} from '@winning-tickets/core'
import { createEngine, type Engine } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import { methods, snip, snipOptions } from './index.js'

const all = { density: 0.5, examples: { batch: 12 } }

let engine: Engine
let double: Engine
beforeAll(async () => {
  ;[engine, double] = await Promise.all([createEngine(), createEngine({ precision: 'float64' })])
})

describe.each(smallNets.map((network) => [network.name, network] as const))('%s', (name, network) => {
  test.each(['train', 'eval'] as const)(
    '|dL/dc| at c = 1, by differences, batch norm in mode %s',
    async (batchNorm) => {
      const context = patternedScoreContext(network, double)
      const { scores } = await snip.score(context, snipOptions({ ...all, batchNorm }))
      const { scoring } = context.task.objective
      const { batch } = drawScoringExamples(context, { batch: 12 })
      const loss = await double.compile(
        ({ parameters, batch: given }) => ({
          loss: scoring!.loss(network, parameters as TensorRecord, given as TensorRecord, {
            training: batchNorm === 'train',
            temperature: 1,
          }),
        }),
        {
          parameters: Object.fromEntries(
            network.parameters.map(({ name, shape }) => [name, { shape, dtype: 'float32' }]),
          ),
          batch: scoring!.inputs(12),
        },
      )
      /** L with one element of the mask moved away from 1. */
      async function lossAt(kernel: string, element: number, c: number): Promise<number> {
        const moved = Float64Array.from(context.weights[kernel]!)
        moved[element]! *= c
        const out = await loss.run({ parameters: { ...context.weights, [kernel]: moved }, batch })
        return (out.loss as Float64Array)[0]!
      }
      const step = 1e-5
      const largest = Math.max(...Object.values(scores).map((score) => Math.max(...score)))
      for (const [kernel, score] of Object.entries(scores)) {
        const stride = Math.ceil(score.length / 10)
        for (let element = 0; element < score.length; element += stride) {
          const slope =
            ((await lossAt(kernel, element, 1 + step)) - (await lossAt(kernel, element, 1 - step))) / (2 * step)
          expect(Math.abs(Math.abs(slope) - score[element]!), `${kernel}[${element}]`).toBeLessThan(1e-6 * largest)
        }
      }
    },
  )

  test('PyTorch’s scores, in both modes of batch norm and both precisions', async () => {
    const fixture = JSON.parse(readFileSync(new URL('../fixtures/snip.json', import.meta.url), 'utf8'))[name]
    expect(network.parameters.map(({ name, shape }) => [name, shape])).toEqual(fixture.parameters)
    for (const batchNorm of ['train', 'eval'] as const) {
      for (const [on, tolerance] of [
        [double, 1e-6],
        [engine, 3e-5],
      ] as const) {
        const { scores } = await snip.score(patternedScoreContext(network, on), snipOptions({ ...all, batchNorm }))
        expect(scoreError(scores, fixture[batchNorm])).toBeLessThan(tolerance)
      }
    }
  })

  test('exactly K weights at 20 densities, down to one weight a layer', async () => {
    const { densities, total } = twentyDensities(network)
    for (const density of densities) {
      const { mask } = await snip.findTicket(patternedMethodContext(network, engine), snipOptions({ ...all, density }))
      const kept = Object.values(mask!).reduce((sum, flags) => sum + countKept(flags), 0)
      expect(kept).toBe(Math.round(density * total))
    }
  })
})

describe('options and variants', () => {
  const network = smallNets[1]!
  const context = () => patternedMethodContext(network, engine, 60)

  test('the paper’s defaults are written out, and wrong values named', () => {
    expect(snipOptions({ density: 0.05 })).toEqual({
      density: 0.05,
      rounds: 1,
      scope: 'global',
      examples: { batch: 128 },
      batches: 1,
      batchNorm: 'train',
      scored: 'trained',
    })
    expect(snipOptions(snipOptions({ density: 0.05 }))).toEqual(snipOptions({ density: 0.05 }))
    expect(() => snipOptions({ density: 1.5 })).toThrow(/density is 1\.5/)
    expect(() => snipOptions({ density: 0 })).toThrow(/density is 0/)
    expect(methods.map(({ name }) => name)).toEqual(['snip'])
    expect(snip.forDensity(0.1, { rounds: 2 })).toEqual({ rounds: 2, density: 0.1 })
  })

  test('repo mode scores other weights than are trained, and masks biases', async () => {
    const options = snipOptions({ density: 0.3, mode: 'repo', examples: { perClass: 5 } })
    expect(options).toMatchObject({ prunable: 'weights-and-biases', scored: 'fresh', batchNorm: 'eval' })
    const { ticket, scores } = await snip.findScored(context(), options)
    expect(ticket.prunable).toBe('weights-and-biases')
    // Zero biases score zero, so none is kept at this density (trap T3).
    expect(countKept(ticket.mask!['conv1.bias']!)).toBe(0)
    const paper = await snip.findScored(
      context(),
      snipOptions({ density: 0.3, examples: { perClass: 5 }, batchNorm: 'eval' }),
    )
    expect(Object.keys(paper.scores)).not.toContain('conv1.bias')
    expect(scores['conv1.kernel']).not.toEqual(paper.scores['conv1.kernel'])
    const initial = initialWeights(network, 3)['conv2.kernel']!
    const mask = ticket.mask!['conv2.kernel']!
    expect(ticket.weights['conv2.kernel']).toEqual(initial.map((weight, i) => (mask[i] === 1 ? weight : 0)))
  })

  test('n per class are n of each class, as they are seen, and batches average the gradient', async () => {
    const once = await snip.findScored(context(), snipOptions({ density: 0.3, examples: { perClass: 4 } }))
    expect([0, 1, 2].map((label) => once.examples!.labels.filter((l) => l === label).length)).toEqual([4, 4, 4])
    expect(once.examples!.inputs).toHaveLength(12 * 36)
    // In eval mode nothing depends on how the examples are divided.
    const options = { density: 0.3, batchNorm: 'eval' } as const
    const two = await snip.findScored(context(), snipOptions({ ...options, examples: { perClass: 2 }, batches: 2 }))
    const one = await snip.findScored(context(), snipOptions({ ...options, examples: { perClass: 4 } }))
    expect([...two.examples!.indices].sort()).toEqual([...one.examples!.indices].sort())
    for (const [name, score] of Object.entries(one.scores)) {
      const largest = Math.max(...score)
      score.forEach((value, i) => {
        expect(Math.abs(value - two.scores[name]![i]!)).toBeLessThan(1e-5 * largest)
      })
    }
  })

  test('iterative SNIP scores what is left', async () => {
    const iterative = await snip.findTicket(
      context(),
      snipOptions({ density: 0.1, rounds: 4, examples: { batch: 12 } }),
    )
    const once = await snip.findTicket(context(), snipOptions({ density: 0.1, examples: { batch: 12 } }))
    const kept = (mask: Readonly<Record<string, Uint8Array>>) =>
      Object.values(mask).reduce((sum, m) => sum + countKept(m), 0)
    expect(kept(iterative.mask!)).toBe(kept(once.mask!))
    expect(iterative.mask).not.toEqual(once.mask)
  })

  test('a policy that covers nothing is refused', async () => {
    const options = snipOptions({ density: 0.1, prunable: 'convolutions', examples: { batch: 12 } })
    const dense = patternedMethodContext(smallNets[0]!, engine)
    await expect(snip.findTicket(dense, options)).rejects.toThrow('nothing to prune under the policy "convolutions"')
    expect(withPrunable(network, 'kernels')).toBe(network)
    await expect(snip.findTicket(context(), snipOptions({ density: 0.1 }))).rejects.toThrow(
      'Scores cannot be computed on 128 examples: there are 60',
    )
  })
})
