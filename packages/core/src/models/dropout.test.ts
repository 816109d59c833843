/** Dropout: what stays is scaled, what is dropped gets no gradient, and the host's flags decide alone. */
import { createEngine, tf } from '@winning-tickets/jit'
import { describe, expect, test } from 'vitest'
import {
  blobs,
  classificationTask,
  denseTicket,
  dropoutDraws,
  dropoutInputs,
  type Model,
  model,
  recipe,
  streams,
  type TrainOptions,
  train,
  UserError,
  within,
} from '../index.js'

const image = { inputShape: [8, 8, 3] as [number, number, number], classes: 4, widthMultiplier: 1 / 32 }
const plain = model('conv-2', image)
const dropping = model('conv-2', { ...image, dropout: 0.25 })

/** Weights as tensors, and two images. */
function given(network: Model) {
  const weights = network.init(within(streams(1), 'init'))
  const tensors = Object.fromEntries(
    network.parameters.map(({ name, shape }) => [name, tf.tensor(weights[name]!, [...shape])]),
  )
  return { tensors, x: tf.tensor(streams(2)('x').normals(2 * 8 * 8 * 3), [2, 8, 8, 3]) }
}
const flags = (...rows: number[][]) => tf.tensor2d(rows.flat(), [2, 8], 'int32')
const all = flags(Array(8).fill(1), Array(8).fill(1))

describe('a network with dropout', () => {
  test('drops units of the two hidden layers, and is another one to every hash', () => {
    expect(dropping.dropout).toEqual([
      { name: 'fc1', shape: [8], rate: 0.25 },
      { name: 'fc2', shape: [8], rate: 0.25 },
    ])
    expect(dropping.config).toEqual({ ...plain.config, dropout: 0.25 })
    expect('dropout' in plain.config || 'dropout' in plain).toBe(false)
    expect(dropping.parameters).toEqual(plain.parameters)
    expect(dropoutInputs(plain, 3)).toBeUndefined()
    expect(dropoutInputs(dropping, 3)).toEqual({
      fc1: { shape: [3, 8], dtype: 'uint8' },
      fc2: { shape: [3, 8], dtype: 'uint8' },
    })
  })

  test('in evaluation is the network without; in training it is that with scaled weights', async () => {
    const { tensors, x } = given(plain)
    const values = async (output: tf.Tensor) => [...(await output.data())]
    const expected = await values(plain.apply(tensors, x, { training: false }).output)
    expect(await values(dropping.apply(tensors, x, { training: false }).output)).toEqual(expected)

    // Units 0 and 5 of the second layer are dropped: their rows of the output layer count nothing, the others 4/3.
    const kept = [0, 1, 1, 1, 1, 0, 1, 1]
    const rows = tf.tensor2d(kept, [8, 1]).mul(4 / 3)
    const scaled = { ...tensors, 'fc2.kernel': tensors['fc2.kernel']!.mul(4 / 3) }
    const wanted = await values(
      plain.apply({ ...scaled, 'fc3.kernel': tensors['fc3.kernel']!.mul(rows) }, x, { training: true }).output,
    )
    const stay = { fc1: all, fc2: flags(kept, kept) }
    const got = await values(dropping.apply(tensors, x, { training: true, stay }).output)
    for (const [i, value] of wanted.entries()) expect(got[i]).toBeCloseTo(value, 5)
  })

  test('a unit that is dropped in the whole batch gets no gradient, the others do', async () => {
    const { tensors, x } = given(plain)
    const without = [1, 1, 0, 1, 1, 1, 1, 1]
    const gradient = tf.grad((kernel: tf.Tensor) =>
      dropping
        .apply({ ...tensors, 'fc1.kernel': kernel }, x, {
          training: true,
          stay: { fc1: flags(without, without), fc2: all },
        })
        .output.square()
        .sum(),
    )(tensors['fc1.kernel']!)
    const sizes = [...(await gradient.abs().sum(0).data())]
    expect(sizes[2]).toBe(0)
    expect(sizes.filter((size) => size > 0).length).toBeGreaterThan(2)
  })

  test('refuses to train without flags, and rates that are none', () => {
    const { tensors, x } = given(plain)
    expect(() => dropping.apply(tensors, x, { training: true })).toThrow(UserError)
    for (const dropout of [0, 1, -0.5]) expect(() => model('conv-2', { ...image, dropout })).toThrow(/dropout/)
  })
})

describe('the flags', () => {
  const draws = dropoutDraws(dropping, streams(7), 50)!

  test('keep three quarters, are of each iteration by itself, and differ from layer to layer', () => {
    const both = draws(3, 2) as Record<string, Uint8Array>
    expect(both.fc1!.length).toBe(2 * 50 * 8)
    const mean = both.fc1!.reduce((sum, flag) => sum + flag, 0) / both.fc1!.length
    // Four standard deviations of a mean of 800.
    expect(Math.abs(mean - 0.75)).toBeLessThan(4 * Math.sqrt((0.75 * 0.25) / 800))
    const second = draws(4, 1) as Record<string, Uint8Array>
    expect(both.fc1!.slice(400)).toEqual(second.fc1)
    expect(both.fc1!.slice(0, 400)).not.toEqual(second.fc1)
    expect(both.fc1).not.toEqual(both.fc2)
    expect(dropoutDraws(plain, streams(7), 50)).toBeUndefined()
  })

  test('have not changed: evidence of runs with dropout rests on them', () => {
    const { fc1 } = draws(0, 1) as Record<string, Uint8Array>
    const advice = 'the draws of dropout changed; give the model a new option for them instead'
    expect(fc1!.slice(0, 32).join(''), advice).toBe('11011010101001110111111101111110')
  })
})

test('a run with dropout is the same on both engines, and from where it was left', async () => {
  const task = classificationTask(blobs({ shape: [8, 8, 3], counts: { train: 40, validation: 20, test: 20 } }))
  const options: Omit<TrainOptions, 'engine'> = {
    model: dropping,
    task,
    ticket: denseTicket(dropping, 1),
    recipe: recipe({
      optimizer: { name: 'sgd' },
      learningRate: 0.05,
      iterations: 8,
      batchSize: 10,
      evaluateEvery: 4,
    }),
    seed: 1,
    keepAt: [5],
  }
  const [engine, eager] = [await createEngine(), await createEngine({ name: 'tensorflow' })]
  const whole = await train({ ...options, engine })
  const same = await train({ ...options, engine: eager })
  for (const [name, values] of Object.entries(whole.final.weights)) {
    for (const [i, value] of values.entries()) expect(same.final.weights[name]![i]).toBeCloseTo(value, 4)
  }
  const { weights, step } = whole.kept[5]!
  // Plain SGD has no state of its own, so a run taken up at step 5 is the same run.
  const rest = await train({ ...options, engine, ticket: { ...options.ticket, weights, step }, keepAt: [] })
  expect(rest.final.weights).toEqual(whole.final.weights)
  const undropped = await train({ ...options, model: plain, ticket: denseTicket(plain, 1), engine })
  expect(undropped.final.weights['fc3.kernel']).not.toEqual(whole.final.weights['fc3.kernel'])
})
