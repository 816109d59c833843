/** Convolutional networks as the papers have them: shapes, counts, costs, draws, what is prunable, and options. */
import { tf } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../errors.js'
import {
  forwardFlops,
  initialWeights,
  type Model,
  type ModelName,
  model,
  parameterCount,
  prunableParameters,
  sizeOf,
} from './index.js'

const prunable = (network: Model): number =>
  prunableParameters(network).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
const kernels = (network: Model) =>
  network.parameters
    .filter(({ role }) => role === 'kernel')
    .map(({ name, shape, positions }) => [name, shape.join('x'), positions])

const modelOf = model as (name: ModelName, options: object) => Model

/** As a paper prints it: "9.22M", with as many digits. */
function rounded(count: number, like: string): string {
  const unit = like.endsWith('M') ? 1e6 : 1e3
  return `${(count / unit).toFixed(like.split('.')[1]?.slice(0, -1).length ?? 0)}${like.at(-1)}`
}

describe('layers', () => {
  test('LeNet-5-Caffe: 5x5 convolutions without padding (claims.md 5.b)', () => {
    expect(kernels(model('lenet-5-caffe'))).toEqual([
      ['conv1.kernel', '5x5x1x20', 24 * 24],
      ['conv2.kernel', '5x5x20x50', 8 * 8],
      ['fc1.kernel', '800x500', undefined],
      ['fc2.kernel', '500x10', undefined],
    ])
  })

  test('Conv-4: pairs of convolutions, each pooled, and three dense layers (claims.md 1.b)', () => {
    expect(kernels(model('conv-4'))).toEqual([
      ['conv1.kernel', '3x3x3x64', 32 * 32],
      ['conv2.kernel', '3x3x64x64', 32 * 32],
      ['conv3.kernel', '3x3x64x128', 16 * 16],
      ['conv4.kernel', '3x3x128x128', 16 * 16],
      ['fc1.kernel', '8192x256', undefined],
      ['fc2.kernel', '256x256', undefined],
      ['fc3.kernel', '256x10', undefined],
    ])
  })

  test('VGG-11 at quarter width, the standard small cell (design.md)', () => {
    const network = model('vgg-11', { widthMultiplier: 0.25 })
    expect(kernels(network)).toEqual([
      ['conv1.kernel', '3x3x3x16', 32 * 32],
      ['conv2.kernel', '3x3x16x32', 16 * 16],
      ['conv3.kernel', '3x3x32x64', 8 * 8],
      ['conv4.kernel', '3x3x64x64', 8 * 8],
      ['conv5.kernel', '3x3x64x128', 4 * 4],
      ['conv6.kernel', '3x3x128x128', 4 * 4],
      ['conv7.kernel', '3x3x128x128', 2 * 2],
      ['conv8.kernel', '3x3x128x128', 2 * 2],
      ['fc.kernel', '128x10', undefined],
    ])
    // Batch norm instead of a bias; without it, a bias.
    const parts = (batchNorm: boolean) =>
      model('vgg-11', { batchNorm })
        .parameters.slice(0, 5)
        .map(({ name }) => name)
    expect(parts(true)).toEqual(['conv1.kernel', 'bn1.scale', 'bn1.shift', 'bn1.mean', 'bn1.variance'])
    expect(parts(false)).toEqual(['conv1.kernel', 'conv1.bias', 'conv2.kernel', 'conv2.bias', 'conv3.kernel'])
  })

  test('ResNet-8: projections where a stage begins, or no parameters there', () => {
    const network = kernels(model('resnet-8'))
    expect(network).toEqual([
      ['conv1.kernel', '3x3x3x16', 32 * 32],
      ['stage1.block1.conv1.kernel', '3x3x16x16', 32 * 32],
      ['stage1.block1.conv2.kernel', '3x3x16x16', 32 * 32],
      ['stage2.block1.conv1.kernel', '3x3x16x32', 16 * 16],
      ['stage2.block1.conv2.kernel', '3x3x32x32', 16 * 16],
      ['stage2.block1.shortcut.kernel', '1x1x16x32', 16 * 16],
      ['stage3.block1.conv1.kernel', '3x3x32x64', 8 * 8],
      ['stage3.block1.conv2.kernel', '3x3x64x64', 8 * 8],
      ['stage3.block1.shortcut.kernel', '1x1x32x64', 8 * 8],
      ['fc.kernel', '64x10', undefined],
    ])
    const padded = kernels(model('resnet-8', { shortcut: 'padding' }))
    expect(padded).toEqual(network.filter(([name]) => !String(name).includes('shortcut')))
  })

  test('depth is the number of layers on the longest path', () => {
    const depth = (name: ModelName): number =>
      model(name).parameters.filter(({ role, shortcut }) => role === 'kernel' && !shortcut).length
    for (const name of ['vgg-11', 'vgg-13', 'vgg-16', 'vgg-19'] as const) {
      // Two of the three dense layers of the first VGGs are left out.
      expect(depth(name)).toBe(Number(name.split('-')[1]) - 2)
    }
    for (const layers of [8, 14, 20, 32, 56, 18] as const) expect(depth(`resnet-${layers}`)).toBe(layers)
    for (const layers of [11, 20, 56, 101, 164] as const) expect(depth(`preresnet-${layers}`)).toBe(layers)
    // WRN's depth counts all convolutions, the three projections too, but not the dense layer.
    const convolutions = (name: ModelName): number =>
      model(name).parameters.filter(({ role, kind }) => role === 'kernel' && kind === 'conv').length
    expect(convolutions('wrn-16-8')).toBe(16)
    expect(convolutions('wrn-22-8')).toBe(22)
  })
})

describe('counts of the papers', () => {
  test.each<[ModelName, object, string, string]>([
    ['lenet-5-caffe', {}, '430.5K', 'claims.md 10'],
    ['conv-2', {}, '4.30M', 'claims.md 10'],
    ['conv-4', {}, '2.43M', 'claims.md 10'],
    ['conv-6', {}, '2.26M', 'claims.md 1.b'],
    ['vgg-11', {}, '9.22M', 'claims.md 10'],
    ['vgg-16', {}, '14.7M', 'claims.md 7.c'],
    ['vgg-19', {}, '20.0M', 'claims.md 1.b'],
    ['resnet-20', {}, '271K', 'claims.md 10'],
    ['resnet-32', {}, '464K', 'claims.md 10'],
    ['resnet-32', { width: 32 }, '1.86M', 'claims.md 10, the doubled width of GraSP'],
    ['resnet-18', {}, '11.16M', 'claims.md 10'],
  ])('%s %j: %s weights (%s)', (name, options, weights) => {
    expect(rounded(prunable(modelOf(name, options)), weights)).toBe(weights)
  })

  test.each<[ModelName, object, string, string]>([
    ['wrn-16-10', {}, '17.1M', 'claims.md 5.c'],
    ['wrn-22-8', {}, '17.2M', 'claims.md 5.c'],
    ['preresnet-164', {}, '1.70M', 'network slimming, Table 1'],
    ['resnet-20', { shortcut: 'padding' }, '0.27M', 'He et al. 2016, Table 6'],
    ['resnet-32', { shortcut: 'padding' }, '0.46M', 'He et al. 2016, Table 6'],
    ['resnet-56', { shortcut: 'padding' }, '0.85M', 'He et al. 2016, Table 6'],
  ])('%s %j: %s trained parameters (%s)', (name, options, parameters) => {
    const trained = modelOf(name, options).parameters.filter(({ trainable }) => trainable)
    expect(
      rounded(
        trained.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
        parameters,
      ),
    ).toBe(parameters)
  })

  test('"Resnet-18" of Frankle & Carbin: 274K variables, of which FC and projections are not pruned (claims.md 1.a)', () => {
    const network = model('resnet-20', { prunable: 'convolutions' })
    expect(parameterCount(network)).toBe(274_042)
    const kept = network.parameters.filter((parameter) => parameter.role === 'kernel' && !parameter.prunable)
    expect(kept.map(({ name, shape }) => [name, sizeOf(shape)])).toEqual([
      ['stage2.block1.shortcut.kernel', 512],
      ['stage3.block1.shortcut.kernel', 2048],
      ['fc.kernel', 640],
    ])
    const vgg = model('vgg-19', { prunable: 'convolutions' })
    expect(prunable(model('vgg-19')) - prunable(vgg)).toBe(5120)
    expect(vgg.parameters.at(-2)).toMatchObject({ name: 'fc.kernel', output: true, prunable: false })
  })

  test.each<[ModelName, object, number]>([
    ['lenet-5-caffe', {}, 13.8e6],
    ['conv-2', {}, 263e6],
    ['conv-4', {}, 590e6],
    ['conv-6', {}, 923e6],
    ['conv-2', { widthMultiplier: 0.25 }, 18.4e6],
    ['conv-4', { widthMultiplier: 0.25 }, 38.9e6],
    ['vgg-11', {}, 0.92e9],
    ['vgg-16', {}, 1.88e9],
    ['vgg-19', {}, 2.39e9],
    ['vgg-11', { widthMultiplier: 0.25 }, 59e6],
    ['resnet-8', { width: 8 }, 19e6],
    ['resnet-20', {}, 245e6],
    ['resnet-32', {}, 414e6],
    ['resnet-32', { width: 32 }, 1.66e9],
    ['resnet-18', {}, 3.3e9],
    ['resnet-18', { inputShape: [64, 64, 3] }, 13e9],
  ])('%s %j: %d operations for an example of training (claims.md 10)', (name, options, operations) => {
    const network = modelOf(name, options)
    // Forward, and twice that backward.
    expect(Math.abs((3 * forwardFlops(network).dense) / operations - 1)).toBeLessThan(0.03)
  })
})

describe('cost of a pruned network', () => {
  const network = model('resnet-8', { width: 2, prunable: 'convolutions' })
  const all = Object.fromEntries(prunableParameters(network).map(({ name, shape }) => [name, sizeOf(shape)]))
  const { dense } = forwardFlops(network)

  test('a kernel weight costs two at each position of its output', () => {
    expect(forwardFlops(network, all)).toEqual({ dense, sparse: dense })
    const name = 'stage2.block1.conv1.kernel'
    expect(forwardFlops(network, { ...all, [name]: all[name]! - 5 }).sparse).toBe(dense - 5 * 2 * 16 * 16)
  })

  test('what no mask covers costs in full', () => {
    const none = Object.fromEntries(Object.keys(all).map((name) => [name, 0]))
    const projections = 2 * (2 * 4 * 16 * 16 + 4 * 8 * 8 * 8)
    expect(forwardFlops(network, none).sparse).toBe(projections + 2 * 8 * 10)
  })
})

describe('initial weights', () => {
  const draws = {
    glorot: ({ fanIn, fanOut }: { fanIn: number; fanOut: number }) => 2 / (fanIn + fanOut),
    kaiming: ({ fanIn }: { fanIn: number }) => 2 / fanIn,
    'kaiming-fan-out': ({ fanOut, kind }: { fanOut: number; kind: string }) => (kind === 'conv' ? 2 / fanOut : 1e-4),
  }

  test.each(['glorot', 'kaiming', 'kaiming-fan-out'] as const)(
    '%s has its variance in every kernel',
    (initialisation) => {
      const network = model('resnet-8', { initialisation })
      const weights = initialWeights(network, 5)
      for (const kernel of prunableParameters(network)) {
        const values = weights[kernel.name]!
        const n = values.length
        const variance = values.reduce((sum, value) => sum + value ** 2, 0) / n
        expect(kernel.shape.length).toBe(kernel.kind === 'conv' ? 4 : 2)
        // 4 standard errors of the variance of a normal sample.
        expect(Math.abs(variance / draws[initialisation](kernel) - 1)).toBeLessThan(4 * Math.sqrt(2 / n))
      }
    },
  )

  test('fans of a convolution count its window', () => {
    const second = model('vgg-11').parameters.find(({ name }) => name === 'conv2.kernel')
    expect(second).toMatchObject({ fanIn: 9 * 64, fanOut: 9 * 128 })
  })

  test('batch norm starts at scale 1, shift 0, mean 0, variance 1; statistics are not trained', () => {
    const network = model('resnet-8', { width: 4 })
    const weights = initialWeights(network, 5)
    const norm = network.parameters.filter(({ name }) => name.startsWith('bn1.'))
    expect(norm.map(({ name, role, trainable, prunable }) => [name, role, trainable, prunable])).toEqual([
      ['bn1.scale', 'scale', true, false],
      ['bn1.shift', 'shift', true, false],
      ['bn1.mean', 'mean', false, false],
      ['bn1.variance', 'variance', false, false],
    ])
    expect(norm.map(({ name }) => [...weights[name]!])).toEqual([
      [1, 1, 1, 1],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ])
  })

  test('scales of Early-Bird and of open_lth', () => {
    const half = initialWeights(model('preresnet-11', { width: 4 }), 1)
    expect([...half['bn.scale']!].every((scale) => scale === 0.5)).toBe(true)
    const uniform = initialWeights(model('resnet-18', { batchNormScale: 'uniform' }), 1)['stage4.block2.bn2.scale']!
    const mean = uniform.reduce((sum, scale) => sum + scale, 0) / uniform.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 / Math.sqrt(12 * uniform.length))
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...uniform)).toBeLessThan(1)
  })

  test('a layer is drawn from a stream of its own, whatever the others are', () => {
    const first = (name: ModelName, options: object) => initialWeights(modelOf(name, options), 2)['conv1.kernel']
    expect(first('resnet-14', { width: 4, classes: 5 })).toEqual(first('resnet-8', { width: 4 }))
  })
})

describe('forward', () => {
  beforeAll(() => tf.setBackend('cpu'))
  const run = (network: Model, shape: number[]): number[] => {
    const weights = Object.fromEntries(
      Object.entries(initialWeights(network, 1)).map(([name, values]) => {
        const { shape } = network.parameters.find((parameter) => parameter.name === name)!
        return [name, tf.tensor(values, [...shape])]
      }),
    )
    return network.apply(weights, tf.ones(shape), { training: false }).output.shape
  }

  test.each<[ModelName, object]>([
    ['lenet-5-caffe', { inputShape: [28, 28, 1], channels: [2, 3], hidden: 4 }],
    ['conv-6', { inputShape: [28, 28, 1], widthMultiplier: 1 / 32 }],
    ['vgg-16', { inputShape: [28, 28, 1], widthMultiplier: 1 / 32 }],
    ['resnet-8', { inputShape: [28, 28, 1], width: 2 }],
    ['resnet-8', { inputShape: [28, 28, 1], width: 2, shortcut: 'padding' }],
    ['wrn-16-8', { inputShape: [28, 28, 1], width: 1 }],
    ['preresnet-11', { inputShape: [28, 28, 1], width: 2 }],
  ])('%s takes grey images of 28x28, flat ones too, and gives a logit a class', (name, options) => {
    const network = modelOf(name, { ...options, classes: 7 })
    expect(run(network, [2, 28, 28, 1])).toEqual([2, 7])
    expect(run(network, [2, 784])).toEqual([2, 7])
  })

  test('odd sides: padding and projection take the same positions', () => {
    for (const shortcut of ['projection', 'padding'] as const) {
      expect(run(model('resnet-8', { inputShape: [9, 7, 3], width: 2, shortcut }), [1, 9, 7, 3])).toEqual([1, 10])
    }
  })

  test('a batch of one value a channel cannot be normalised', () => {
    const network = model('vgg-11', { inputShape: [16, 16, 3], widthMultiplier: 1 / 64 })
    const weights = Object.fromEntries(network.parameters.map(({ name, shape }) => [name, tf.ones([...shape])]))
    expect(() => network.apply(weights, tf.ones([1, 16, 16, 3]), { training: true })).toThrow(
      'bn7 cannot normalise a batch with one value a channel',
    )
  })
})

describe('options', () => {
  test('every default is in the config, and only what differs changes it', () => {
    expect(model('resnet-8', {}).config).toEqual({
      name: 'resnet-8',
      inputShape: [32, 32, 3],
      classes: 10,
      initialisation: 'kaiming',
      prunable: 'kernels',
      width: 16,
      shortcut: 'projection',
      batchNormScale: 1,
    })
    expect(model('resnet-18').config).toMatchObject({ name: 'resnet-18', width: 64 })
    expect(model('conv-2').config).toMatchObject({ initialisation: 'glorot', widthMultiplier: 1 })
    expect(model('preresnet-101').config).toMatchObject({ initialisation: 'kaiming-fan-out', batchNormScale: 0.5 })
  })

  test.each<[ModelName, object, string]>([
    ['resnet-8', { width: 0 }, "The model resnet-8's width is 0"],
    ['resnet-8', { depth: 20 }, 'Unrecognized key: "depth"'],
    ['resnet-8', { shortcut: 'b' }, `The model resnet-8's shortcut is "b"`],
    ['vgg-11', { widthMultiplier: 0.3 }, 'A widthMultiplier of 0.3 makes 19.2 of 64 channels'],
    ['vgg-11', { initialisation: 'xavier' }, `The model vgg-11's initialisation is "xavier"`],
    ['vgg-11', { inputShape: [784] }, "The model vgg-11's inputShape"],
    ['vgg-11', { inputShape: [8, 8, 3] }, 'Images of [1,1,512] are too small for the pooling'],
    ['lenet-5-caffe', { inputShape: [8, 8, 1] }, 'Images of [2,2,20] are too small for conv2'],
    ['preresnet-11', { batchNormScale: 'half' }, `The model preresnet-11's batchNormScale is "half"`],
    ['conv-2', { prunable: 'all' }, `The model conv-2's prunable is "all"`],
  ])('%s %j is refused', (name, options, message) => {
    const build = () => modelOf(name, options)
    expect(build).toThrow(UserError)
    expect(build).toThrow(message)
  })
})
