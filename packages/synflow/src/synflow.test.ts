/** SynFlow's scores against products of matrices on the host and against PyTorch; conservation, range, collapse. */
import { readFileSync } from 'node:fs'
import {
  classificationTask,
  countKept,
  densityRecord,
  initialWeights,
  type Model,
  model,
  patternedData,
  patternedMethodContext,
  patternedWeights,
  type ScoreArray,
  type Scores,
  scoreError,
  smallNets,
  twentyDensities,
  type Weights,
} from '@winning-tickets/core'
import { createEngine, type Engine } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import { methods, synapticFlow, synflow, synflowOptions } from './index.js'
import { denseFlow, removalScore, resnet8Flow } from './reference.testing.js'

const [dense, , resnet] = smallNets as [Model, Model, Model]

let engine: Engine
let double: Engine
beforeAll(async () => {
  ;[engine, double] = await Promise.all([createEngine(), createEngine({ precision: 'float64' })])
})

const contextOf = (network: Model) => patternedMethodContext(network, engine)
const sum = (values: ScoreArray): number => (values as Float64Array).reduce((all, value) => all + value, 0)
const largestOf = (scores: Scores): number => Math.max(...Object.values(scores).map((values) => Math.max(...values)))

/** Biases and batch norm that are not trivial, but without means: then nothing is negative and R is linear in each weight. */
function positiveWeights(network: Model): Weights {
  const means = network.parameters.filter(({ role }) => role === 'mean')
  return {
    ...patternedWeights(network),
    ...Object.fromEntries(means.map(({ name, shape }) => [name, new Float32Array(shape[0]!)])),
  }
}

test.each([
  ['a dense net', dense, denseFlow],
  ['a residual net', resnet, resnet8Flow],
] as const)('products of matrices of doubles give the scores of %s but for one factor', async (_, network, flow) => {
  const weights = positiveWeights(network)
  const scores = await synapticFlow(double, network, weights)
  const pairs = Object.entries(scores).flatMap(([name, values]) => {
    const stride = Math.ceil(values.length / 12)
    return Array.from({ length: Math.ceil(values.length / stride) }, (_, k) => k * stride).map((i) => ({
      found: values[i]!,
      wanted: removalScore((w) => flow(network, w), weights, name, i),
    }))
  })
  const factor = Math.max(...pairs.map(({ found }) => found)) / Math.max(...pairs.map(({ wanted }) => wanted))
  const largest = Math.max(...pairs.map(({ found }) => found))
  // Batch norm's epsilon is a constant in single precision.
  for (const { found, wanted } of pairs) expect(Math.abs(found - factor * wanted)).toBeLessThan(1e-7 * largest)
})

describe.each(smallNets.map((network) => [network.name, network] as const))('%s', (name, network) => {
  const fixture = JSON.parse(readFileSync(new URL('../fixtures/synflow.json', import.meta.url), 'utf8'))[name]

  test('PyTorch’s scores, but for one factor', async () => {
    expect(network.parameters.map(({ name, shape }) => [name, shape])).toEqual(fixture.parameters)
    for (const [on, tolerance] of [
      [double, 1e-6],
      [engine, 3e-5],
    ] as const) {
      const scores = await synapticFlow(on, network, patternedWeights(network))
      expect(scoreError(scores, fixture, largestOf(scores))).toBeLessThan(tolerance)
    }
  })

  test('PyTorch’s mask after ten rounds', async () => {
    const drawn: Model = { ...network, init: () => patternedWeights(network) }
    const { mask } = await synflow.findTicket(
      { ...contextOf(network), model: drawn },
      synflowOptions({ density: 0.1, rounds: 10 }),
    )
    for (const [name, kept] of Object.entries(fixture.kept)) expect([...mask![name]!].join(''), name).toBe(kept)
  })

  test('exactly K weights at 20 densities, and no layer collapses, down to one weight a layer', async () => {
    const { densities, total } = twentyDensities(network)
    for (const [i, density] of densities.entries()) {
      const rounds = i === 19 ? 100 : 10
      // In single precision the context's engine serves, which has the graph already.
      const precision = i === 19 ? 'float64' : 'float32'
      const { mask } = await synflow.findTicket(contextOf(network), synflowOptions({ density, rounds, precision }))
      expect(Object.values(mask!).reduce((all, flags) => all + countKept(flags), 0)).toBe(Math.round(density * total))
      if (rounds < 100) continue
      // A layer inside a residual block may go, since a path leads around it; then others keep more than one weight.
      const cuts = name === 'resnet-8' ? ['conv1.kernel', 'fc.kernel'] : Object.keys(mask!)
      expect(densityRecord(network, mask).collapsed.filter((layer) => cuts.includes(layer))).toEqual([])
    }
  })
})

test('every layer of a net without biases has the same sum of scores (claims.md 7.a, Theorem 2)', async () => {
  const vgg = model('vgg-11', { classes: 3, widthMultiplier: 1 / 16 })
  const sums = Object.values(await synapticFlow(double, vgg, initialWeights(vgg, 1))).map(sum)
  for (const layer of sums) expect(Math.abs(layer / sums[0]! - 1)).toBeLessThan(1e-9)
})

describe('range', () => {
  const deep = model('lenet-300-100', { inputShape: [4], hidden: Array(120).fill(4), classes: 3 })

  test.each([1e-3, 1, 1e3])(
    '120 layers, weights times %s: no overflow, no underflow, the same scores',
    async (size) => {
      const weights = initialWeights(deep, 1)
      const scaled = Object.fromEntries(
        Object.entries(weights).map(([name, values]) => [name, values.map((w) => w * size)]),
      )
      const scores = await synapticFlow(double, deep, scaled)
      const [first, middle, last] = ['fc1.kernel', 'fc60.kernel', 'fc121.kernel'].map((name) => scores[name]!)
      const flow = sum(first!)
      expect(flow).toBeGreaterThan(0)
      expect(Math.abs(sum(middle!) / flow - 1)).toBeLessThan(1e-9)
      expect(Math.abs(sum(last!) / flow - 1)).toBeLessThan(1e-9)
      // The last layer's scores are what arrives at it times the weights: all that matters is their ratio.
      const forward = forwardShare(deep, weights, 120)
      const kernel = weights['fc121.kernel']!.map(Math.abs)
      const expected = Float64Array.from(kernel, (w, i) => forward[Math.floor(i / 3)]! * w)
      last!.forEach((value, i) => {
        expect(Math.abs(value / flow - expected[i]! / sum(expected))).toBeLessThan(1e-6)
      })
    },
  )

  /** What arrives at the units of a layer, as shares of the largest. */
  function forwardShare(network: Model, weights: Weights, layers: number): Float64Array {
    let x = new Float64Array(network.inputShape[0]!).fill(1)
    for (let l = 1; l <= layers; l++) {
      const kernel = weights[`fc${l}.kernel`]!
      const out = kernel.length / x.length
      const y = new Float64Array(out)
      for (let i = 0; i < x.length; i++) for (let j = 0; j < out; j++) y[j]! += x[i]! * Math.abs(kernel[i * out + j]!)
      const largest = Math.max(...y)
      x = y.map((value) => value / largest)
    }
    return x
  }

  test('a net whose paths are all cut scores zero', async () => {
    const weights = initialWeights(dense, 1)
    const cut = { ...weights, 'fc2.kernel': new Float32Array(35) }
    const scores = await synapticFlow(double, dense, cut)
    for (const values of Object.values(scores)) expect(values.every((value) => value === 0)).toBe(true)
  })
})

test('no data are needed: another data set of the same shape gives the same ticket (claim SF-9)', async () => {
  const options = synflowOptions({ density: 0.1, rounds: 5 })
  const { ticket, examples } = await synflow.findScored(contextOf(resnet), options)
  const other = { ...contextOf(resnet), task: classificationTask(patternedData(resnet.inputShape, 3, 99)) }
  expect((await synflow.findTicket(other, options)).mask).toEqual(ticket.mask)
  expect(examples).toBeUndefined()
})

test('doubles need an engine that has them, and it is told which one that was', async () => {
  const once = synflowOptions({ density: 0.1, rounds: 1 })
  const plain = await createEngine({ name: 'tensorflow' })
  try {
    const context = { ...contextOf(resnet), engine: plain }
    await expect(synflow.findScored(context, once)).rejects.toThrow(/the engine tensorflow does not have/)
    const single = await synflow.findScored(context, { ...once, precision: 'float32' })
    expect(single.engine).toBeUndefined()
  } finally {
    await plain.dispose()
  }
  expect((await synflow.findScored(contextOf(resnet), once)).engine).toBe(double.description)
})

test('repo mode: weights that tie with the last one to go, go with it, and no later round brings any back', async () => {
  // Two paths, and all weights of a path have the flow through it: 1 of the left one, 0.5 of the right one.
  const chain = model('lenet-300-100', { inputShape: [2], hidden: [2], classes: 2 })
  const weights = {
    ...initialWeights(chain, 1),
    'fc1.kernel': Float32Array.of(1, 0, 0, 1),
    'fc2.kernel': Float32Array.of(1, 0, 0, 0.5),
  }
  const initialised = { ...chain, init: () => weights }
  const keptAt = async (options: Parameters<typeof synflowOptions>[0]) => {
    const { mask } = await synflow.findTicket({ ...contextOf(chain), model: initialised }, synflowOptions(options))
    return Object.values(mask!).map((flags) => Array.from(flags).join(''))
  }
  // Of 8 weights 5 are to go: four that score 0, and one of a pair that ties.
  for (const rounds of [1, 3]) {
    expect(await keptAt({ density: 3 / 8, rounds, mode: 'repo' })).toEqual(['1000', '1000'])
    // The exact rule keeps one of the pair, the first.
    expect(await keptAt({ density: 3 / 8, rounds })).toEqual(['1001', '1000'])
  }
  expect(await keptAt({ density: 3 / 8, rounds: 1, selection: 'threshold' })).toEqual(['1000', '1000'])
})

test('options: the paper’s defaults are written out, and wrong values named', () => {
  expect(synflowOptions({ density: 0.01 })).toEqual({
    density: 0.01,
    rounds: 100,
    scope: 'global',
    batchNorm: 'eval',
    precision: 'float64',
  })
  const { precision: _, ...paper } = synflowOptions({ density: 0.01 })
  const repo = synflowOptions({ density: 0.01, mode: 'repo' })
  expect(repo).toEqual({ ...paper, precision: 'float32', selection: 'threshold' })
  // What is parsed once can be parsed again, as a stage's config is; what says the default is the default.
  expect(synflowOptions(repo)).toEqual(repo)
  expect(synflowOptions({ density: 0.01, selection: 'exact' })).toEqual(synflowOptions({ density: 0.01 }))
  expect(() => synflowOptions({ density: 2 })).toThrow(/density is 2/)
  expect(() => synflowOptions({ density: 0.1, rounds: 0 })).toThrow(/rounds is 0/)
  expect(methods.map(({ name }) => name)).toEqual(['synflow'])
})
