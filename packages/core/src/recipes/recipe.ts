/** A recipe: how a network is trained, with every default written out. */
import { z } from 'zod'
import { parseConfig } from '../config/index.js'

const sgd = z.strictObject({
  name: z.literal('sgd'),
  momentum: z.number().min(0).lt(1).default(0),
  nesterov: z.boolean().default(false),
  /** L2 penalty added to the gradient of every trainable parameter; masked weights are zero, so it leaves them so. */
  weightDecay: z.number().min(0).default(0),
})

const adam = z.strictObject({
  name: z.literal('adam'),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().positive().default(1e-8),
  weightDecay: z.number().min(0).default(0),
})

const iteration = z.int().min(0)

export const recipeSchema = z
  .strictObject({
    optimizer: z.discriminatedUnion('name', [sgd, adam]),
    /** The rate before schedule and warm-up. */
    learningRate: z.number().positive(),
    schedule: z
      .discriminatedUnion('name', [
        z.strictObject({ name: z.literal('constant') }),
        /** The rate is multiplied by `factor` at each iteration of `at`. */
        z.strictObject({
          name: z.literal('steps'),
          at: z.array(iteration),
          factor: z.number().positive().default(0.1),
        }),
      ])
      .default({ name: 'constant' }),
    /** Iterations over which the rate rises linearly from 0. */
    warmup: iteration.default(0),
    iterations: iteration,
    batchSize: z.int().min(1),
    /** Iterations between evaluations on the validation split. */
    evaluateEvery: z.int().min(1).default(100),
  })
  .refine(({ optimizer }) => optimizer.name !== 'sgd' || !optimizer.nesterov || optimizer.momentum > 0, {
    path: ['optimizer', 'nesterov'],
    message: 'Nesterov momentum needs a momentum above 0',
  })

export type Recipe = z.output<typeof recipeSchema>
export type RecipeInput = z.input<typeof recipeSchema>
export type OptimizerConfig = Recipe['optimizer']

/**
 * The recipe with its defaults written out.
 *
 * @throws UserError that names the wrong field
 */
export function recipe(given: RecipeInput): Recipe {
  return parseConfig(recipeSchema, given, 'recipe')
}
