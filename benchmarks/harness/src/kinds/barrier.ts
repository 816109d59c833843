/** The stage that walks the line between two trained networks: the error along it, and the barrier (claims.md 1.f). */
import {
  barrier,
  type ClassificationData,
  coreSemantics,
  datasetInfo,
  encodeSafetensors,
  errorOf,
  type Line,
  setEvaluator,
  statisticsTraceHash,
  type Task,
  UserError,
  walkLine,
} from '@winning-tickets/core'
import { z } from 'zod'
import { canonicalJson } from '../stage/json.js'
import type { StageKind } from '../stage/types.js'
import { forwardSeconds } from './cost.js'
import {
  buildModel,
  dataHashOf,
  dataSchema,
  engineOf,
  evaluationHashOf,
  modelSchema,
  objectiveOf,
  splitsOf,
  taskOf,
} from './setup.js'
import { decodeWeights } from './weights.js'

const SPLITS = ['train', 'test'] as const

const schema = z.strictObject({
  data: dataSchema,
  model: modelSchema,
  /** Points between the ends, evenly spaced. */
  points: z.int().min(1).default(30),
  /** How batch norm's statistics are made anew at each point, the ends included: averages over training batches. */
  statistics: z.strictObject({ batchSize: z.int().min(1), batches: z.int().min(1) }),
  /** Root seed of these batches. */
  seed: z.int().min(0),
  /** The first so many examples of each split are measured; all of them, if absent. */
  examples: z.strictObject({ train: z.int().min(1), test: z.int().min(1) }).optional(),
})
export type BarrierConfig = z.output<typeof schema>
export type BarrierConfigInput = z.input<typeof schema>

/** Inputs: "first" (alpha = 1) and "second" (alpha = 0), trained. Artifact: "line". Barriers are fractions of examples. */
export const barrierKind: StageKind<BarrierConfig, BarrierConfigInput> = {
  name: 'barrier',
  schema,
  semantics: {
    generator: coreSemantics.generator,
    dataOrder: coreSemantics.dataOrder,
    split: coreSemantics.split,
    /** Where the line is looked at, its arithmetic, how statistics are averaged, and what a barrier is. */
    line: 1,
  },
  evidence: ['line'],

  identity: (config) => ({ dataHash: dataHashOf(config), traceHashes: traceHashesOf(config) }),

  cost({ data, model, points, statistics: { batchSize, batches }, examples }) {
    const { trainCount, testCount } = datasetInfo(data.dataset)
    const { train, test } = examples ?? { train: data.train ?? trainCount - data.validation, test: testCount }
    const seconds = (batchSize * batches + train + test) * forwardSeconds(buildModel(model))
    return { steps: points + 2, seconds: (points + 2) * seconds }
  },

  async run({ config, inputs, cache, progress }) {
    const network = buildModel(config.model)
    const engine = await engineOf(cache)
    const weights = async (name: 'first' | 'second') => decodeWeights(network, await inputs[name]!.artifact('weights'))
    const line = await walkLine({
      model: network,
      task: measured(await taskOf(config, cache), await splitsOf(config, cache), config),
      engine,
      first: await weights('first'),
      second: await weights('second'),
      points: config.points,
      splits: SPLITS,
      statistics: { ...config.statistics, seed: config.seed },
      onProgress: (step, steps) => progress({ step, steps }),
    })
    return {
      result: { metrics: metricsOf(line) },
      artifacts: { line: encodeLine(line) },
      observed: { engine: engine.description },
    }
  },
}

const statisticsHashes = new Map<string, string | undefined>()

/** Traces each setting once a process. */
function traceHashesOf({ data, model, statistics: { batchSize } }: BarrierConfig): Readonly<Record<string, string>> {
  const key = canonicalJson({ data, model, batchSize }, 'The setting of a barrier')
  if (!statisticsHashes.has(key)) {
    const setting = { model: buildModel(model), objective: objectiveOf({ data }), batchSize }
    statisticsHashes.set(key, statisticsTraceHash(setting))
  }
  const statistics = statisticsHashes.get(key)
  return { evaluate: evaluationHashOf({ data, model }), ...(statistics === undefined ? {} : { statistics }) }
}

/** The task, evaluated on the first examples of its splits. */
function measured(task: Task, { splits }: ClassificationData, { examples }: BarrierConfig): Task {
  if (examples === undefined) return task
  const { objective } = task
  return {
    ...task,
    async evaluator({ model, engine, split }) {
      const { images, labels, count } = splits[split]
      const wanted = split === 'validation' ? count : examples[split]
      if (wanted > count) {
        throw new UserError(`There are ${count} ${split} examples, fewer than the ${wanted} to measure; ask for fewer.`)
      }
      const arrays = {
        images: images.subarray(0, (wanted * images.length) / count),
        labels: labels.subarray(0, wanted),
      }
      return setEvaluator({ model, engine, objective, count: wanted, arrays })
    },
  }
}

/** Of each split: the barrier in error and in loss, the largest error, and the mean error of the ends. */
function metricsOf({ metrics }: Line): Readonly<Record<string, number>> {
  return Object.fromEntries(
    SPLITS.flatMap((split) => {
      const errors = metrics[split]!.map(errorOf)
      return [
        [`${split}Barrier`, barrier(errors)],
        [`${split}LossBarrier`, barrier(metrics[split]!.map(({ loss }) => loss))],
        [`${split}ErrorAtWorst`, Math.max(...errors)],
        [`${split}ErrorAtEnds`, (errors[0]! + errors.at(-1)!) / 2],
      ]
    }),
  )
}

/** alpha, and error and loss of each split along it. */
function encodeLine({ alpha, metrics }: Line): Uint8Array {
  const column = (values: readonly number[]) =>
    ({ dtype: 'float32', shape: [values.length], data: Float32Array.from(values) }) as const
  return encodeSafetensors({
    alpha: column(alpha),
    ...Object.fromEntries(
      SPLITS.flatMap((split) => [
        [`${split}Error`, column(metrics[split]!.map(errorOf))],
        [`${split}Loss`, column(metrics[split]!.map(({ loss }) => loss))],
      ]),
    ),
  })
}
