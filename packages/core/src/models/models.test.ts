/** LeNet-300-100 as the paper has it; initial weights with the distribution they should have. */
import { tf } from '@winning-tickets/jit'
import { expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { forwardFlops, initialWeights, type Model, model, parameterCount, prunableParameters, sizeOf } from './index.js'

const lenet = model('lenet-300-100')

test('the counts of the paper: 266,200 prunable weights, 266,610 parameters (claims.md 1.b)', () => {
  const prunable = prunableParameters(lenet)
  expect(prunable.map(({ name, shape }) => [name, ...shape])).toEqual([
    ['fc1.kernel', 784, 300],
    ['fc2.kernel', 300, 100],
    ['fc3.kernel', 100, 10],
  ])
  expect(prunable.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(266_200)
  expect(parameterCount(lenet)).toBe(266_610)
  expect(lenet.parameters.filter(({ output }) => output).map(({ name }) => name)).toEqual(['fc3.kernel', 'fc3.bias'])
})

test('kernels are Gaussian Glorot, biases zero', () => {
  const weights = initialWeights(lenet, 3)
  for (const { name, shape, fanIn, fanOut } of prunableParameters(lenet)) {
    const values = weights[name]!
    const n = sizeOf(shape)
    expect(values.length).toBe(n)
    const std = Math.sqrt(2 / (fanIn + fanOut))
    const mean = values.reduce((sum, value) => sum + value, 0) / n
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / n
    // Standard errors of the mean and of the variance of a normal sample; 4 of them.
    expect(Math.abs(mean)).toBeLessThan((4 * std) / Math.sqrt(n))
    expect(Math.abs(variance / std ** 2 - 1)).toBeLessThan(4 * Math.sqrt(2 / n))
  }
  expect(weights['fc2.bias']!.every((value) => value === 0)).toBe(true)
})

test('every parameter has a stream of its own: the same seed gives the same weights, another seed others', () => {
  // As buffers: comparing 235,200 numbers one by one takes a second.
  const first = (network: Model, seed: number): Buffer =>
    Buffer.from(initialWeights(network, seed)['fc1.kernel']!.buffer)
  expect(first(lenet, 1).equals(first(lenet, 1))).toBe(true)
  expect(first(lenet, 2).equals(first(lenet, 1))).toBe(false)
  // Neither does a layer depend on the others being there.
  const deeper = model('lenet-300-100', { hidden: [300, 100, 50] })
  expect(first(deeper, 1).equals(first(lenet, 1))).toBe(true)
})

test('the function is dense layers with ReLU between them', async () => {
  const tiny = model('lenet-300-100', { inputShape: [2], hidden: [2], classes: 2 })
  await tf.setBackend('cpu')
  const parameters = {
    'fc1.kernel': tf.tensor2d([1, -1, 2, 1], [2, 2]),
    'fc1.bias': tf.tensor1d([0.5, 0]),
    'fc2.kernel': tf.tensor2d([1, 0, 2, 1], [2, 2]),
    'fc2.bias': tf.tensor1d([0, -1]),
  }
  const { output } = tiny.apply(parameters, tf.tensor2d([1, 1, 3, 1], [2, 2]), { training: true })
  // By hand: [1,1] -> [3.5, 0] -> [3.5, -1]; [3,1] -> [5.5, -2 -> 0] -> [5.5, -1].
  expect([...(await output.data())]).toEqual([3.5, -1, 5.5, -1])
})

test('cost: two operations a weight', () => {
  expect(forwardFlops(lenet)).toEqual({ dense: 532_400, sparse: 532_400 })
  expect(forwardFlops(lenet, { 'fc1.kernel': 10, 'fc2.kernel': 0, 'fc3.kernel': 5 }).sparse).toBe(30)
  const conv = { ...lenet, parameters: lenet.parameters.map((parameter) => ({ ...parameter, kind: 'conv' as const })) }
  expect(() => forwardFlops(conv)).toThrow('fc1.kernel (conv)')
})

test('a model is made once for its name and options', () => {
  const small = model('lenet-300-100', { hidden: [20, 10] })
  expect(model('lenet-300-100', { hidden: [20, 10] })).toBe(small)
  expect(model('lenet-300-100', { hidden: [10, 20] })).not.toBe(small)
})

test('unknown models and wrong options are refused', () => {
  expect(() => model('lenet-5' as 'lenet-300-100')).toThrow('There is no model "lenet-5"; there are lenet-300-100')
  expect(() => model('lenet-300-100', { hidden: [0] })).toThrow(UserError)
})
