/** What the stages of a vision experiment share: the config of data, split, model and recipe, and its making. */
import {
  type ClassificationData,
  classificationObjective,
  classificationOptionsSchema,
  classificationTask,
  datasetInfo,
  loadDataset,
  type Model,
  type ModelName,
  model,
  modelNames,
  type Objective,
  recipeSchema,
  splitDataset,
  type Task,
} from '@winning-tickets/core'
import { createEngine, type Engine } from '@winning-tickets/jit'
import { z } from 'zod'
import { canonicalJson } from '../stage/json.js'
import type { Cache, Identity } from '../stage/types.js'

export const dataSchema = z.strictObject({
  /** Name in the registry of data sets. */
  dataset: z.string(),
  /** Training examples held out for validation. */
  validation: z.int().min(1),
  splitSeed: z.int().min(0).default(0),
  ...classificationOptionsSchema.shape,
})

export const modelSchema = z.strictObject({
  name: z.enum(modelNames as [ModelName, ...ModelName[]]),
  options: z.record(z.string(), z.json()).default({}),
})

/** Everything that training needs but the ticket. */
export const setupSchema = z.strictObject({ data: dataSchema, model: modelSchema, recipe: recipeSchema })
export type Setup = z.output<typeof setupSchema>

export const buildModel = ({ name, options }: z.output<typeof modelSchema>): Model => model(name, options as never)

/** The objective without data, for tracing. */
export function objectiveOf({ data: { dataset, validation, mean, std } }: Pick<Setup, 'data'>): Objective {
  const { imageShape, classes, trainCount } = datasetInfo(dataset)
  return classificationObjective({ shape: imageShape, classes, examples: trainCount - validation }, { mean, std })
}

export const dataHashOf = ({ data }: Pick<Setup, 'data'>): Identity['dataHash'] => datasetInfo(data.dataset).hash

/** The task with its data, loaded once a worker. */
export function taskOf({ data }: Pick<Setup, 'data'>, cache: Cache): Promise<Task> {
  const { dataset, validation, splitSeed, mean, std } = data
  return cache.get(`task ${canonicalJson(data, 'The data config')}`, async () => {
    const split = await cache.get(
      `split ${dataset} ${validation} ${splitSeed}`,
      async (): Promise<ClassificationData> =>
        splitDataset(await loadDataset(dataset), { validation, seed: splitSeed }),
    )
    return classificationTask(split, { mean, std })
  })
}

/** One single-threaded engine a worker: two such workers are faster than one worker with two threads. */
export const engineOf = (cache: Cache): Promise<Engine> =>
  cache.get(
    'engine',
    () => createEngine(),
    (engine) => engine.dispose(),
  )
