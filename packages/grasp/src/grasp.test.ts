/** GraSP's scores against differences of the gradient in double precision, and against PyTorch. */
import { readFileSync } from 'node:fs'
import {
  countKept,
  drawScoringExamples,
  type LossSetting,
  lossGradients,
  patternedMethodContext,
  patternedScoreContext,
  prunableParameters,
  type ScoreContext,
  type Scores,
  scoreError,
  smallNets,
  twentyDensities,
  type Weights,
} from '@winning-tickets/core'
import { createEngine, type Engine } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import { type GraspOptionsInput, grasp, graspOptions, methods } from './index.js'

const all = { density: 0.5, examples: { perClass: 4 } }

let engine: Engine
let double: Engine
beforeAll(async () => {
  ;[engine, double] = await Promise.all([createEngine(), createEngine({ precision: 'float64' })])
})

/** S itself: what is kept are the weights of lowest S, so the method's scores are -S. */
async function saliency(context: ScoreContext, given: Partial<GraspOptionsInput> = {}): Promise<Scores> {
  const { scores } = await grasp.score(context, graspOptions({ ...all, ...given }))
  return Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, score.map((value) => -value)]))
}

describe.each(smallNets.map((network) => [network.name, network] as const))('%s', (name, network) => {
  test.each(['train', 'eval'] as const)(
    '-theta . Hg, by differences of g along g, batch norm in mode %s',
    async (batchNorm) => {
      const context = patternedScoreContext(network, double)
      const examples = drawScoringExamples(context, { perClass: 4 })
      const setting: LossSetting = { examples, parts: 1, batchNorm, temperature: 200 }
      const g = await lossGradients(context, setting)
      const length = Math.sqrt(sum(Object.values(g).map((values) => sum(values.map((v) => v * v)))))
      const step = 1e-5 / length
      const [behind, ahead] = await Promise.all(
        [-step, step].map((t) =>
          lossGradients({ ...context, weights: moved(context.weights, g, t) as unknown as Weights }, setting),
        ),
      )
      const found = await saliency(context, { batchNorm })
      const largest = largestOf(found)
      for (const { name } of prunableParameters(network)) {
        found[name]!.forEach((value, i) => {
          const product = (ahead![name]![i]! - behind![name]![i]!) / (2 * step)
          expect(Math.abs(value + context.weights[name]![i]! * product), `${name}[${i}]`).toBeLessThan(1e-6 * largest)
        })
      }
    },
  )

  test('PyTorch’s scores: both modes of batch norm, and the halves of repo mode', async () => {
    const fixture = JSON.parse(readFileSync(new URL('../fixtures/grasp.json', import.meta.url), 'utf8'))[name]
    expect(network.parameters.map(({ name, shape }) => [name, shape])).toEqual(fixture.parameters)
    for (const [kind, given] of [
      ['train', {}],
      ['eval', { batchNorm: 'eval' }],
      ['halves', { mode: 'repo', dense: 'trained' }],
    ] as const) {
      for (const [on, tolerance] of [
        [double, 1e-6],
        [engine, 2e-4],
      ] as const) {
        const scores = await saliency(patternedScoreContext(network, on), given)
        expect(scoreError(scores, fixture[kind])).toBeLessThan(tolerance)
      }
    }
  })

  test('exactly K weights at 20 densities, down to one weight a layer', async () => {
    const { densities, total } = twentyDensities(network)
    for (const density of densities) {
      const { mask } = await grasp.findTicket(
        patternedMethodContext(network, engine),
        graspOptions({ ...all, density }),
      )
      expect(sum(Object.values(mask!).map(countKept))).toBe(Math.round(density * total))
    }
  })
})

describe('options and variants', () => {
  const network = smallNets[1]!

  test('the paper’s defaults are written out, and wrong values named', () => {
    const paper = {
      density: 0.05,
      rounds: 1,
      scope: 'global',
      examples: { perClass: 10 },
      batches: 1,
      temperature: 200,
      batchNorm: 'train',
      rank: 'signed',
    }
    expect(graspOptions({ density: 0.05 })).toEqual({ ...paper, dense: 'trained', halves: false })
    const repo = graspOptions({ density: 0.05, mode: 'repo' })
    expect(repo).toEqual({ ...paper, dense: 'fresh', halves: true, selection: 'threshold' })
    expect(graspOptions(repo)).toEqual(repo)
    expect(graspOptions({ density: 0.05, selection: 'exact' })).toEqual(graspOptions({ density: 0.05 }))
    expect(() => graspOptions({ density: 0.1, mode: 'repo', rounds: 2 })).toThrow(/rounds is 2.*give selection=exact/)
    expect(() => graspOptions({ density: 0.1, temperature: -1 })).toThrow(/temperature is -1/)
    expect(methods.map(({ name }) => name)).toEqual(['grasp'])
  })

  test('ranks: signed keeps the lowest S, magnitude the largest |S|, inverted the highest S', async () => {
    const context = patternedScoreContext(network, engine)
    const s = await saliency(context)
    const by = async (rank: 'signed' | 'magnitude' | 'inverted') =>
      (await grasp.score(context, graspOptions({ ...all, rank }))).scores['fc1.kernel']
    expect(await by('signed')).toEqual(s['fc1.kernel']!.map((value) => -value))
    expect(await by('magnitude')).toEqual(s['fc1.kernel']!.map(Math.abs))
    expect(await by('inverted')).toEqual(s['fc1.kernel'])
  })

  test('in eval mode nothing depends on how the examples are divided into batches', async () => {
    const context = patternedScoreContext(network, double)
    const one = await saliency(context, { batchNorm: 'eval' })
    const three = await saliency(context, { batchNorm: 'eval', examples: { perClass: 2 }, batches: 2 })
    for (const [name, values] of Object.entries(one)) {
      values.forEach((value, i) => {
        expect(Math.abs(value - three[name]![i]!)).toBeLessThan(1e-9 * largestOf(one))
      })
    }
  })

  test('repo mode keeps the last weight that is meant to go', async () => {
    const context = patternedMethodContext(network, engine)
    const [paper, repo] = await Promise.all(
      (['exact', 'threshold'] as const).map((selection) =>
        grasp.findTicket(context, graspOptions({ ...all, density: 0.1, selection })),
      ),
    )
    const flags = [paper!, repo!].map(({ mask }) => Object.values(mask!).flatMap((each) => Array.from(each)))
    const [exact, more] = flags.map((each) => countKept(Uint8Array.from(each)))
    const total = flags[0]!.length
    expect(exact).toBe(Math.round(0.1 * total))
    expect(more).toBe(total - Math.floor((1 - 0.1) * total) + 1)
    expect(flags[0]!.every((flag, i) => flag <= flags[1]![i]!)).toBe(true)
  })

  test('repo mode scores another classifier than is trained', async () => {
    const context = patternedScoreContext(network, engine)
    const [trained, fresh] = await Promise.all(
      (['trained', 'fresh'] as const).map((dense) => saliency(context, { dense })),
    )
    expect(fresh!['fc3.kernel']).not.toEqual(trained!['fc3.kernel'])
    expect(fresh!['conv1.kernel']).not.toEqual(trained!['conv1.kernel'])
    // Weights that are masked stay masked: they score zero.
    const mask = { ...context.mask, 'fc2.kernel': context.mask['fc2.kernel']!.map((_, i) => (i < 100 ? 0 : 1)) }
    const masked = await saliency({ ...context, mask }, { dense: 'fresh' })
    expect(masked['fc2.kernel']!.subarray(0, 100).every((value) => value === 0)).toBe(true)
  })
})

function moved(weights: Weights, along: Scores, step: number): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, values]) => [
      name,
      Float64Array.from(values, (value, i) => value + step * (along[name]?.[i] ?? 0)),
    ]),
  )
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

function largestOf(scores: Scores): number {
  return Math.max(...Object.values(scores).map((values) => Math.max(...values.map(Math.abs))))
}
