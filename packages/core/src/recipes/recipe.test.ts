/** Recipes: defaults, learning rates over time, refusals. */
import { describe, expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { learningRateAt, type RecipeInput, recipe } from './index.js'

const least: RecipeInput = { optimizer: { name: 'adam' }, learningRate: 0.0012, iterations: 10, batchSize: 60 }

test('defaults are written out', () => {
  expect(recipe(least)).toEqual({
    optimizer: { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    learningRate: 0.0012,
    schedule: { name: 'constant' },
    warmup: 0,
    iterations: 10,
    batchSize: 60,
    evaluateEvery: 100,
  })
})

describe('learning rates', () => {
  const at = (given: Partial<RecipeInput>, iterations: number[]) =>
    iterations.map((iteration) => learningRateAt(iteration, recipe({ ...least, learningRate: 1, ...given })))

  test('drops hold from their iteration on', () => {
    const rates = at({ schedule: { name: 'steps', at: [20, 25], factor: 0.5 } }, [0, 19, 20, 24, 25, 1000])
    expect(rates).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25])
  })

  test('warm-up rises linearly from 0 and then leaves the schedule alone', () => {
    expect(at({ warmup: 4 }, [0, 1, 2, 3, 4, 5])).toEqual([0, 0.25, 0.5, 0.75, 1, 1])
    expect(at({ warmup: 4, schedule: { name: 'steps', at: [2], factor: 0.5 } }, [1, 2, 4])).toEqual([0.25, 0.25, 0.5])
  })
})

describe('wrong recipes are refused by field', () => {
  const refused = (given: Partial<RecipeInput> & Record<string, unknown>) => () => recipe({ ...least, ...given })

  test('values', () => {
    expect(refused({ learningRate: -1 })).toThrow("The recipe's learningRate is -1")
    expect(refused({ batchSize: 0.5 })).toThrow("The recipe's batchSize is 0.5")
    expect(refused({ optimizer: { name: 'adam', beta1: 1 } })).toThrow("The recipe's optimizer.beta1 is 1")
    expect(refused({ optimizer: { name: 'sgd', nesterov: true } })).toThrow('Nesterov momentum needs')
  })

  test('unknown fields and missing ones', () => {
    expect(refused({ epochs: 3 })).toThrow('epochs')
    expect(refused({ learningRate: undefined })).toThrow("The recipe's learningRate is missing")
    expect(refused({ epochs: 3 })).toThrow(UserError)
  })
})
