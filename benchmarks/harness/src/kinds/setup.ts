/** What the stages of a vision experiment share: the config of data, split, model and recipe, and its making. */
import {
  augmentationSchema,
  type ClassificationData,
  classificationObjective,
  classificationOptionsSchema,
  classificationTask,
  datasetInfo,
  evaluationGraph,
  loadDataset,
  type Model,
  type ModelName,
  model,
  modelNames,
  type Objective,
  recipeSchema,
  residentExamples,
  splitDataset,
  spoilSchema,
  type Task,
  UserError,
} from '@winning-tickets/core'
import { createEngine, type Engine, traceHash } from '@winning-tickets/jit'
import { z } from 'zod'
import { canonicalJson } from '../stage/json.js'
import type { Cache, Identity } from '../stage/types.js'

/**
 * What a run learns from. `train`, `balanced`, `augment` and `spoil` are absent from the config where they are not used, so that a
 * run without them keeps its id.
 */
export const dataSchema = z
  .strictObject({
    /** Name in the registry of data sets. */
    dataset: z.string(),
    /** Training examples held out for validation. */
    validation: z.int().min(1),
    splitSeed: z.int().min(0).default(0),
    /** Examples to train on, drawn from the others; all of them, if absent. */
    train: z.int().min(1).optional(),
    /** Whether these are as many of each class. */
    balanced: z.boolean().optional(),
    ...classificationOptionsSchema.shape,
    /** Mirrored and shifted anew at every step; evaluation takes images as they are. */
    augment: augmentationSchema.optional(),
    /** A part of the run in which the training data are spoilt; evaluation takes them as they are. */
    spoil: spoilSchema.optional(),
  })
  .refine(({ balanced, train }) => balanced !== true || train !== undefined, {
    path: ['train'],
    message: 'a balanced set needs its size; set train to a multiple of the classes',
  })
  // One meaning, one id: "not balanced" is the absence of the field.
  .transform(({ balanced, train, augment, spoil, ...rest }) => ({
    ...rest,
    ...(train !== undefined && { train }),
    ...(balanced === true && { balanced }),
    ...(augment !== undefined && { augment }),
    ...(spoil !== undefined && { spoil }),
  }))

export const modelSchema = z.strictObject({
  name: z.enum(modelNames as [ModelName, ...ModelName[]]),
  options: z.record(z.string(), z.json()).default({}),
})

/** Everything that training needs but the ticket. */
export const setupSchema = z.strictObject({ data: dataSchema, model: modelSchema, recipe: recipeSchema })
export type Setup = z.output<typeof setupSchema>

export const buildModel = ({ name, options }: z.output<typeof modelSchema>): Model => model(name, options as never)

/**
 * The objective without data, for tracing.
 *
 * @throws UserError if the data set has not that many examples
 */
export function objectiveOf({ data }: Pick<Setup, 'data'>): Objective {
  const { dataset, validation, train, mean, std, augment, spoil } = data
  const { imageShape, classes, trainCount } = datasetInfo(dataset)
  const examples = train ?? trainCount - validation
  if (examples < 1 || examples + validation > trainCount) {
    throw new UserError(
      `${dataset} has ${trainCount} training examples, too few for ${train ?? 'some'} to train on and ${validation} for validation; lower one of them.`,
    )
  }
  const shapes = { shape: imageShape, classes, examples: residentExamples(examples, spoil) }
  return classificationObjective(shapes, { mean, std, ...(augment && { augment }) })
}

const evaluationHashes = new Map<string, string>()

/** The hash of the graph that evaluates a network on the data, for ids; traced once a process. */
export function evaluationHashOf({ data, model }: Pick<Setup, 'data' | 'model'>): string {
  const key = canonicalJson({ data, model }, 'The setting of an evaluation')
  let hash = evaluationHashes.get(key)
  if (hash === undefined) {
    const { fn, signature } = evaluationGraph(buildModel(model), objectiveOf({ data }))
    hash = traceHash(fn, signature)
    evaluationHashes.set(key, hash)
  }
  return hash
}

export const dataHashOf = ({ data }: Pick<Setup, 'data'>): Identity['dataHash'] => datasetInfo(data.dataset).hash

/** The data in their splits, loaded once a worker. */
export function splitsOf({ data }: Pick<Setup, 'data'>, cache: Cache): Promise<ClassificationData> {
  const { mean, std, augment, spoil, ...split } = data
  return cache.get(`split ${canonicalJson(split, 'The split')}`, async () => {
    const { dataset, splitSeed: seed, ...options } = split
    return splitDataset(await loadDataset(dataset), { ...options, seed })
  })
}

/** The task with its data, loaded once a worker. */
export function taskOf({ data }: Pick<Setup, 'data'>, cache: Cache): Promise<Task> {
  const { mean, std, augment, spoil } = data
  return cache.get(`task ${canonicalJson(data, 'The data config')}`, async () =>
    classificationTask(await splitsOf({ data }, cache), {
      mean,
      std,
      ...(augment && { augment }),
      ...(spoil && { spoil }),
    }),
  )
}

/** One single-threaded engine a worker: two such workers are faster than one worker with two threads. */
export const engineOf = (cache: Cache): Promise<Engine> =>
  cache.get(
    'engine',
    () => createEngine(),
    (engine) => engine.dispose(),
  )
