/** The flags of a training run and of its engine, which `train` and `find` share. */
import { type Recipe, recipe, UserError } from '@winning-tickets/core'
import type { EngineOptions } from '@winning-tickets/jit'
import { type Command, Option } from 'commander'
import { numberWithin, wholeNumber } from './options.js'

export interface RecipeFlags {
  readonly iterations: number
  readonly batchSize: number
  readonly optimizer: 'adam' | 'sgd'
  readonly learningRate: number
  readonly momentum: number
  readonly weightDecay: number
  readonly warmup: number
  readonly evaluateEvery: number
}

/** The fields of `RecipeFlags`, to tell which of them a user gave. */
export const RECIPE_FLAGS = [
  'iterations',
  'batchSize',
  'optimizer',
  'learningRate',
  'momentum',
  'weightDecay',
  'warmup',
  'evaluateEvery',
] as const satisfies readonly (keyof RecipeFlags)[]

export const addRecipeFlags = (command: Command): Command =>
  command
    .option('-i, --iterations <n>', 'training steps', wholeNumber(1), 1000)
    .option('-b, --batch-size <n>', 'examples a step', wholeNumber(1), 60)
    .addOption(new Option('--optimizer <name>', 'update rule').choices(['adam', 'sgd']).default('adam'))
    .option('-l, --learning-rate <x>', 'learning rate', numberWithin(0, Number.POSITIVE_INFINITY), 1.2e-3)
    .option('--momentum <x>', 'momentum of sgd', numberWithin(0, 1, true), 0)
    .option('--weight-decay <x>', 'L2 penalty', numberWithin(0, Number.POSITIVE_INFINITY, true), 0)
    .option('--warmup <n>', 'steps over which the learning rate rises from 0', wholeNumber(0), 0)
    .option('--evaluate-every <n>', 'steps between validations', wholeNumber(1), 100)

/** @throws UserError for a momentum that the optimizer would ignore */
export function recipeOf({ optimizer, momentum, weightDecay, ...rest }: RecipeFlags): Recipe {
  if (momentum > 0 && optimizer !== 'sgd') {
    throw new UserError(`--momentum ${momentum} is of sgd, not of ${optimizer}; add --optimizer sgd or leave it out.`)
  }
  const { learningRate, warmup, iterations, batchSize, evaluateEvery } = rest
  return recipe({
    optimizer: optimizer === 'adam' ? { name: 'adam', weightDecay } : { name: 'sgd', momentum, weightDecay },
    learningRate,
    warmup,
    iterations,
    batchSize,
    evaluateEvery,
  })
}

export interface EngineFlags {
  readonly engine: NonNullable<EngineOptions['name']>
  readonly backend: NonNullable<EngineOptions['backend']>
  readonly threads: number
}

export const addEngineFlags = (command: Command): Command =>
  command
    .addOption(
      new Option('-e, --engine <name>', 'what computes').choices(['onnxruntime', 'tensorflow']).default('onnxruntime'),
    )
    .addOption(
      new Option('--backend <name>', 'of the engine tensorflow')
        .choices(['cpu', 'tfjs-node', 'tfjs-node-gpu'])
        .default('cpu'),
    )
    .option('--threads <n>', 'threads of one operation', wholeNumber(1, 256), 1)

/** @throws UserError for a backend or threads that the engine would ignore */
export function engineOptions({ engine: name, backend, threads }: EngineFlags): EngineOptions {
  if (backend !== 'cpu' && name !== 'tensorflow') {
    throw new UserError(`--backend ${backend} is of another engine; add --engine tensorflow or leave it out.`)
  }
  if (threads > 1 && name === 'tensorflow') {
    throw new UserError(`--threads ${threads} is of the engine onnxruntime; leave it or --engine tensorflow out.`)
  }
  return { name, backend, threads }
}
