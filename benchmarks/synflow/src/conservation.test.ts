/** Sums of saliency, by hand and against what homogeneity says of them. */
import {
  blobs,
  classificationTask,
  drawScoringExamples,
  initialWeights,
  lossGradients,
  model,
  streams,
} from '@winning-tickets/core'
import { parseConfig } from '@winning-tickets/harness'
import { createEngine } from '@winning-tickets/jit'
import { expect, test } from 'vitest'
import { conservationErrors, conservationKind, neuronSums, SALIENCIES, saliencyOf } from './conservation-stage.js'

test('errors of a chain of two dense layers, by hand', () => {
  const network = model('lenet-300-100', { inputShape: [2], hidden: [2, 2], classes: 2 })
  // fc1 [in, out]: neurons get 1 + 3 = 4 and 2 + 4 = 6, and give 4 and 6; so does the next layer, but for 0.5.
  const saliency = {
    'fc1.kernel': Float64Array.of(1, 2, 3, 4),
    'fc2.kernel': Float64Array.of(1, 3, 4, 2),
    'fc3.kernel': Float64Array.of(2, 3, 4, 1.5),
  }
  // Layer sums are 10, 10 and 10.5; the second neuron of fc2 gets 5 and gives 5.5.
  expect(conservationErrors(network, saliency)).toEqual({ layers: 0.5 / 10.5, neurons: 0.5 / 5 })
  expect(neuronSums(network, saliency)).toEqual([
    { incoming: Float64Array.of(4, 6), outgoing: Float64Array.of(4, 6) },
    { incoming: Float64Array.of(5, 5), outgoing: Float64Array.of(5, 5.5) },
  ])
})

test('a residual network is no chain', () => {
  const network = model('resnet-8', { width: 2 })
  const ones = Object.fromEntries(
    network.parameters.map(({ name, shape }) => [name, new Float64Array(shape.reduce((a, b) => a * b)).fill(1)]),
  )
  expect(() => conservationErrors(network, ones)).toThrow('cannot be balanced; use a chain such as vgg-16')
})

test('saliencies are conserved to the last digits; GraSP’s own score lacks the squared gradient norm of each layer', async () => {
  const network = model('vgg-11', { widthMultiplier: 1 / 32, batchNorm: false })
  const engine = await createEngine({ precision: 'float64' })
  try {
    const task = classificationTask(blobs({ shape: [32, 32, 3], classes: 10 }))
    const context = { model: network, task, engine, streams: streams(3), weights: initialWeights(network, 3), mask: {} }
    for (const name of ['synflow', 'snip', 'grasp-type'] as const) {
      const { layers, neurons } = conservationErrors(network, await saliencyOf(name, context, 1))
      expect(Math.max(layers, neurons), name).toBeLessThan(1e-10)
    }
    const grasp = await saliencyOf('grasp', context, 1)
    expect(conservationErrors(network, grasp).layers).toBeGreaterThan(1e-3)
    // g of a layer is homogeneous of degree -1 in the layer itself, so theta . Hg and |g|^2 of it add up to one constant.
    const setting = {
      examples: drawScoringExamples(context, { perClass: 1 }),
      parts: 1,
      batchNorm: 'eval' as const,
      temperature: 1,
    }
    const slopes = await lossGradients(context, setting)
    const constants = Object.keys(grasp).map((name) => {
      const sum = (values: ArrayLike<number>, of: (value: number) => number) =>
        Array.from(values).reduce((all, value) => all + of(value), 0)
      return sum(grasp[name]!, (value) => value) + sum(slopes[name]!, (value) => value ** 2)
    })
    for (const constant of constants) expect(constant / constants[0]!).toBeCloseTo(1, 9)
  } finally {
    await engine.dispose()
  }
})

test('the id holds the graphs of all saliencies', async () => {
  const config = parseConfig(conservationKind, {
    data: { dataset: 'synthetic-32x32', validation: 200, train: 200 },
    model: { name: 'vgg-11', options: { widthMultiplier: 1 / 32, batchNorm: false } },
    seed: 1,
    perClass: 1,
  })
  const { traceHashes = {} } = await conservationKind.identity(config)
  expect(Object.keys(traceHashes)).toEqual(SALIENCIES.map((name) => `${name}1`))
  expect(new Set(Object.values(traceHashes)).size).toBe(SALIENCIES.length)
})
