/** What a training run costs, roughly: for the order of work, the table of a dry run and the time left. */
import { datasetInfo, type Model, sizeOf } from '@winning-tickets/core'
import type { Cost } from '../stage/types.js'
import type { Setup } from './setup.js'

/**
 * Floating-point operations in a second on one core. Dense: LeNet-300-100's step of 60 examples took 0.7 ms on the reference
 * machine. Convolutions, in blocked layout and with batch norm's share in them: ResNet-8's step of 128 images took 150 ms on
 * the slower of two machines, an Intel Xeon (64e9); the faster one, an AMD EPYC, did about three times as much.
 */
const RATES = { dense: 137e9, conv: 65e9 } as const

/** Forward, and twice as much backward. */
const PASSES_OF_A_STEP = 3
/** Early stop and end. */
const SELECTIONS = 2

/** Seconds that a forward pass of one example takes. */
export function forwardSeconds({ parameters }: Model): number {
  const kernels = parameters.filter(({ role }) => role === 'kernel')
  return kernels.reduce((sum, { kind, shape, positions = 1 }) => {
    return sum + (2 * positions * sizeOf(shape)) / (kind === 'conv' ? RATES.conv : RATES.dense)
  }, 0)
}

/** Of a run that starts at an iteration of its recipe. */
export function trainingCost(model: Model, { data, recipe }: Pick<Setup, 'data' | 'recipe'>, start: number): Cost {
  const { trainCount, testCount } = datasetInfo(data.dataset)
  const { validation, train = trainCount - validation } = data
  const steps = recipe.iterations - start
  const evaluations = Math.ceil(steps / recipe.evaluateEvery) + 1
  const forwards =
    PASSES_OF_A_STEP * steps * recipe.batchSize +
    evaluations * validation +
    SELECTIONS * (train + validation + testCount)
  // Progress counts from the recipe's beginning.
  return { steps: recipe.iterations, seconds: forwards * forwardSeconds(model) }
}

/** Evaluations in some seconds of a run: at least one. */
export function evaluationsIn(seconds: number, cost: Cost, { evaluateEvery }: Setup['recipe']): number {
  return Math.max(1, Math.round((seconds * cost.steps) / (cost.seconds * evaluateEvery)))
}
