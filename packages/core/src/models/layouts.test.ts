/**
 * ONNX Runtime's blocked layout (`layout: 'auto'`) gives the numbers of plain ONNX: in training steps, in Hessian-vector
 * products and in evaluation, with channels that fill its blocks of 16 or 8 and with others, for batches of any size.
 */
import { createEngine, type Engine, type HostTree, type TensorFunction, type TensorTree } from '@winning-tickets/jit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileTraining } from '../compile/index.js'
import { maskWeights } from '../masks/index.js'
import { recipe } from '../recipes/index.js'
import { classificationObjective } from '../tasks/index.js'
import { functionsOf, inputsOf, signatureOf } from './derivatives.testing.js'
import { type Model, type ModelName, model, prunableParameters, sizeOf, type TensorRecord } from './index.js'
import { noise } from './pytorch.testing.js'

const small = { inputShape: [16, 16, 3] }
const cases: readonly (readonly [ModelName, object])[] = [
  // Channels that fill blocks, and beside them others of the same family.
  ['resnet-8', { ...small, width: 16 }],
  ['resnet-8', { ...small, width: 16, shortcut: 'padding' }],
  ['resnet-8', { ...small, width: 5 }],
  ['vgg-11', { widthMultiplier: 1 / 4 }],
  ['vgg-11', { widthMultiplier: 3 / 64 }],
  ['vgg-11', { widthMultiplier: 1 / 4, batchNorm: false }],
  ['conv-2', { ...small, widthMultiplier: 1 / 4 }],
  ['conv-2', { ...small, widthMultiplier: 9 / 64 }],
  ['lenet-5-caffe', {}],
  ['lenet-5-caffe', { channels: [8, 16], hidden: 24 }],
  ['wrn-16-8', { ...small, width: 2 }],
  ['wrn-16-10', { ...small, width: 1 }],
  ['preresnet-11', { ...small, width: 16 }],
  ['preresnet-11', { ...small, width: 6 }],
]

const layouts = ['auto', 'standard'] as const
let engines: readonly Engine[]
beforeAll(async () => {
  engines = await Promise.all(layouts.map((layout) => createEngine({ layout })))
})
afterAll(async () => {
  for (const engine of engines) await engine.dispose()
})

/** Every tensor within a fraction of its largest entry; what is far below the largest of all has rounding from there. */
function expectSame([found, wanted]: readonly HostTree[], tolerance = 1e-5): void {
  const [a, b] = [flat(found!), flat(wanted!)]
  expect([...a.keys()]).toEqual([...b.keys()])
  const overall = Math.max(...[...b.values()].map(largest))
  for (const [name, values] of b) {
    const worst = largest(values.map((value, i) => value - a.get(name)![i]!))
    expect(worst / Math.max(largest(values), 1e-2 * overall), name).toBeLessThan(tolerance)
  }
}

function flat(tree: HostTree, prefix = ''): Map<string, Float32Array> {
  return new Map(
    Object.entries(tree).flatMap(([name, node]) =>
      ArrayBuffer.isView(node) ? [[prefix + name, node as Float32Array]] : [...flat(node, `${prefix}${name}/`)],
    ),
  )
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
}

const labels = [1, 4, 0, 7, 9]

describe.each(cases)('%s %j', (name, options) => {
  const network = (model as (name: ModelName, options: object) => Model)(name, options)

  test('gradients and Hessian-vector product', async () => {
    const found = []
    for (const engine of engines) {
      const graph = await engine.compile(functionsOf(network).derivatives, signatureOf(network, labels.length))
      found.push(await graph.run(inputsOf(network, labels)))
    }
    for (const part of ['loss', 'gradients', 'curvature']) {
      expectSame(found.map((result) => ({ [part]: result[part]! })))
    }
  })

  test('steps of SGD under a mask: losses, weights, statistics, momentum', async () => {
    const found = []
    for (const engine of engines) found.push(await trained(engine, network))
    expectSame(found)
  })

  test('evaluation of 16 images, and of 5', async () => {
    const evaluate: TensorFunction = ({ parameters, images }: TensorTree) => ({
      output: network.apply(parameters as TensorRecord, images as TensorRecord[string], { training: false }).output,
    })
    const { parameters } = inputsOf(network, labels)
    for (const batch of [16, 5]) {
      const found = []
      for (const engine of engines) {
        const { parameters: specs, images } = signatureOf(network, batch)
        const graph = await engine.compile(evaluate, { parameters: specs!, images: images! })
        const pixels = noise('images', batch * sizeOf(network.inputShape))
        found.push(await graph.run({ parameters, images: Float32Array.from(pixels) }))
      }
      expectSame(found)
    }
  })
})

/** Two steps, as the trainer takes them: bytes that stay in the graph, mean and deviation, mask, momentum. */
async function trained(engine: Engine, network: Model): Promise<HostTree> {
  const [steps, batchSize, learningRate] = [2, 6, 0.001]
  const examples = steps * batchSize
  const { optimizer } = recipe({
    optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
    learningRate,
    iterations: steps,
    batchSize,
  })
  const objective = classificationObjective(
    { shape: network.inputShape, classes: 10, examples },
    { mean: [0.5], std: [0.25] },
  )
  const loop = await compileTraining(engine, { model: network, objective, optimizer, batchSize, masked: true })
  const masks = Object.fromEntries(
    prunableParameters(network).map(({ name, shape }) => [
      name,
      Uint8Array.from(noise(`mask.${name}`, sizeOf(shape)), (x) => Number(x > 0)),
    ]),
  )
  const { parameters, directions } = inputsOf(network, labels)
  const { carry, out } = await loop.run(
    {
      carry: {
        parameters: maskWeights(parameters, masks),
        slots: {
          momentum: Object.fromEntries(
            Object.entries(directions).map(([name, { length }]) => [name, new Float32Array(length)]),
          ),
        },
        state: {},
      },
      each: {
        scalars: { learningRate: new Float32Array(steps).fill(learningRate) },
        batch: { indices: Int32Array.from({ length: examples }, (_, i) => i) },
      },
      resident: {
        data: {
          images: Uint8Array.from(noise('bytes', examples * sizeOf(network.inputShape)), (x) => (x + 1) * 128),
          labels: Uint8Array.from({ length: examples }, (_, i) => i % 10),
        },
        masks: Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, Float32Array.from(mask)])),
      },
    },
    steps,
  )
  return { ...out, parameters: carry.parameters!, momentum: carry.slots! }
}
