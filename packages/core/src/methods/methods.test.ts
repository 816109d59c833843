/** The methods that core owns: exact counts, their rule, and what they refuse. */
import { createEngine, type Engine } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  blobs,
  classificationTask,
  coreMethods,
  countKept,
  initialWeights,
  type JsonObject,
  type MethodContext,
  type Model,
  magnitude,
  model,
  parseConfig,
  prunableParameters,
  random,
  recipe,
  sizeOf,
  smartRatio,
  smartRatioCounts,
  type Ticket,
  withPrunable,
} from '../index.js'

const nets: Model[] = [
  model('lenet-300-100', { inputShape: [16], hidden: [20, 10], classes: 4 }),
  model('lenet-5-caffe', { channels: [3, 5], hidden: 20 }),
  model('vgg-11', { widthMultiplier: 1 / 32 }),
  model('resnet-8', { width: 4 }),
]
let engine: Engine
beforeAll(async () => {
  engine = await createEngine()
})
const anyRecipe = recipe({ optimizer: { name: 'sgd' }, learningRate: 1, iterations: 1, batchSize: 1 })
const contextOf = (network: Model, seed = 6): MethodContext => ({
  model: network,
  task: classificationTask(blobs()),
  recipe: anyRecipe,
  seed,
  engine,
})
const total = (network: Model) => prunableParameters(network).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
const kept = ({ mask }: Ticket) =>
  Object.fromEntries(Object.entries(mask!).map(([name, flags]) => [name, countKept(flags)]))
const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((all, count) => all + count, 0)

describe.each(coreMethods.map((method) => [method.name, method] as const))('%s', (_, method) => {
  const find = (network: Model, given: JsonObject, seed?: number) =>
    method.findScored(contextOf(network, seed), parseConfig(method.options, given, 'options'))

  test.each(nets.map((network) => [network.name, network] as const))('exactly K weights of %s', async (_, network) => {
    const least = prunableParameters(network).length / total(network)
    for (let i = 0; i < 20; i++) {
      const density = i === 19 ? least : 0.9 * (least / 0.9) ** (i / 19)
      const { ticket } = await find(network, method.forDensity(density))
      expect(sum(kept(ticket))).toBe(Math.round(density * total(network)))
    }
    expect(sum(kept((await find(network, { density: 1 })).ticket))).toBe(total(network))
  })

  test('gives its scores: the largest of what is ranked together are kept', async () => {
    const { ticket, scores } = await find(nets[0]!, { density: 0.3 })
    expect(ticket.provenance).toMatchObject({ method: method.name, seed: 6, options: { density: 0.3, rounds: 1 } })
    expect(Object.keys(scores)).toEqual(['fc1.kernel', 'fc2.kernel', 'fc3.kernel'])
    for (const [name, score] of Object.entries(scores)) {
      const mask = ticket.mask![name]!
      const worstKept = Math.min(...score.filter((_, i) => mask[i] === 1))
      expect(Math.max(...score.filter((_, i) => mask[i] === 0))).toBeLessThanOrEqual(worstKept)
    }
  })

  test('starts from the seed’s initial weights; another seed gives another mask', async () => {
    const [one, again, other] = [
      await find(nets[3]!, { density: 0.3 }),
      await find(nets[3]!, { density: 0.3 }),
      await find(nets[3]!, { density: 0.3 }, 7),
    ]
    expect(again).toEqual(one)
    expect(other.ticket.mask).not.toEqual(one.ticket.mask)
    const initial = initialWeights(nets[3]!, 6)['conv1.kernel']!
    const mask = one.ticket.mask!['conv1.kernel']!
    expect(one.ticket.weights['conv1.kernel']).toEqual(initial.map((weight, i) => (mask[i] === 1 ? weight : 0)))
  })

  test.each([0, 1.5, -1, 'a tenth'])('refuses the density %s', (density) => {
    expect(() => parseConfig(method.options, { density }, `${method.name} options`)).toThrow(
      `The ${method.name} options's density is ${JSON.stringify(density)}`,
    )
  })
})

describe('random', () => {
  const options = (given: JsonObject) => parseConfig(random.options, given, 'random options')

  test('global: each layer keeps its share, but for chance; layerwise: exactly', async () => {
    const network = nets[2]!
    const layers = prunableParameters(network)
    const uniform = await random.findTicket(contextOf(network), options({ density: 0.2, scope: 'layerwise' }))
    const anywhere = await random.findTicket(contextOf(network), options({ density: 0.2 }))
    for (const { name, shape } of layers) {
      const size = sizeOf(shape)
      expect(kept(uniform)[name]).toBe(Math.round(0.2 * size))
      expect(Math.abs(kept(anywhere)[name]! - 0.2 * size)).toBeLessThan(5 * Math.sqrt(size * 0.2 * 0.8))
    }
    expect(layers.some(({ name }) => kept(anywhere)[name] !== kept(uniform)[name])).toBe(true)
  })

  test('matched: as many weights in each layer as another ticket, elsewhere', async () => {
    const network = nets[3]!
    const other = await magnitude.findTicket(
      contextOf(network),
      parseConfig(magnitude.options, { density: 0.1 }, 'options'),
    )
    const matched = await random.findTicket(contextOf(network), options({ density: 0.1, kept: kept(other) }))
    expect(kept(matched)).toEqual(kept(other))
    expect(matched.mask).not.toEqual(other.mask)
    const wrong = { ...kept(other), 'fc.kernel': 10_000 }
    await expect(random.findTicket(contextOf(network), options({ density: 0.1, kept: wrong }))).rejects.toThrow(
      'do not fit model resnet-8 at fc.kernel',
    )
    await expect(random.findTicket(contextOf(network), options({ density: 0.2, kept: kept(other) }))).rejects.toThrow(
      'not the density 0.2; set the density to',
    )
  })

  test('replicates are other draws', async () => {
    const [a, b] = await Promise.all(
      [0, 1].map((replicate) => random.findTicket(contextOf(nets[0]!), options({ density: 0.5, replicate }))),
    )
    expect(a!.mask).not.toEqual(b!.mask)
  })
})

describe('smart ratio', () => {
  test('the ratios of convolutions follow the formula where none is full, dense layers keep 0.3', () => {
    for (const [network, decay] of [
      [nets[3]!, 'plain'],
      [model('vgg-19'), 'vgg'],
    ] as const) {
      const counts = smartRatioCounts(network, 0.02)
      const layers = prunableParameters(network)
      const l = layers.length
      const ratios = layers.map(({ name, shape, kind }, i) => {
        const weight = ((l - i) ** 2 + (l - i)) / (decay === 'vgg' ? (i + 1) ** 2 : 1)
        return { kind, size: sizeOf(shape), count: counts[name]!, weight }
      })
      const dense = ratios.at(-1)!
      expect(dense.count).toBe(
        Math.min(Math.round(0.3 * dense.size), Math.floor(Math.round(0.02 * total(network)) / 2)),
      )
      const open = ratios.filter(({ kind, count, size }) => kind === 'conv' && count < size)
      const unit = open.at(-1)!.count / open.at(-1)!.size / open.at(-1)!.weight
      // From the second layer on that is not full: the first takes what full ones could not.
      for (const { count, size, weight } of open.slice(1)) {
        expect(Math.abs(count - unit * weight * size)).toBeLessThan(
          2 + (2 * weight * size) / (open.at(-1)!.weight * open.at(-1)!.size),
        )
      }
    }
  })

  test('a full layer passes on what it cannot hold, and no layer holds more than it has', () => {
    const network = nets[2]!
    for (const density of [0.02, 0.3, 0.7, 0.95, 1]) {
      const counts = smartRatioCounts(network, density)
      expect(sum(counts)).toBe(Math.round(density * total(network)))
      for (const { name, shape } of prunableParameters(network)) {
        expect(counts[name]).toBeLessThanOrEqual(sizeOf(shape))
        expect(counts[name]).toBeGreaterThanOrEqual(0)
      }
    }
    // (L^2 + L) of the first layer makes it the densest.
    const [first, last] = [prunableParameters(network)[0]!, prunableParameters(network).at(-2)!]
    const counts = smartRatioCounts(network, 0.3)
    expect(counts[first.name]! / sizeOf(first.shape)).toBeGreaterThan(counts[last.name]! / sizeOf(last.shape))
  })

  test('biases have no ratio', async () => {
    const options = parseConfig(smartRatio.options, { density: 0.1, prunable: 'weights-and-biases' }, 'options')
    await expect(smartRatio.findTicket(contextOf(nets[0]!), options)).rejects.toThrow('Smart ratios are of kernels')
  })
})

test('a policy says which weights masks cover', () => {
  const [mlp, , , resnet] = nets as [Model, Model, Model, Model]
  const names = (network: Model) => prunableParameters(network).map(({ name }) => name)
  expect(withPrunable(mlp)).toBe(mlp)
  expect(names(withPrunable(mlp, 'weights-and-biases'))).toEqual(mlp.parameters.map(({ name }) => name))
  expect(() => withPrunable(mlp, 'convolutions')).toThrow('nothing to prune')
  const convolutions = withPrunable(resnet, 'convolutions')
  expect(names(convolutions)).toEqual(
    names(resnet).filter((name) => name !== 'fc.kernel' && !name.includes('shortcut')),
  )
  // The same model as the registry's with that option.
  expect(convolutions.config).toEqual(model('resnet-8', { width: 4, prunable: 'convolutions' }).config)
  const sizes = { inputShape: [16], hidden: [20, 10], classes: 4 }
  expect(withPrunable(mlp, 'weights-and-biases').config).toEqual(
    model('lenet-300-100', { ...sizes, prunable: 'weights-and-biases' }).config,
  )
  expect(model('lenet-300-100', { ...sizes, prunable: 'kernels' }).config).toEqual(mlp.config)
})
