/** What SNIP and GraSP share: the loss of scoring examples as a function of the weights that a mask covers, and its gradient. */
import {
  type Compiled,
  type HostTree,
  isHostArray,
  mapTree,
  type SpecTree,
  type TensorSpec,
  type TensorTree,
  tf,
} from '@winning-tickets/jit'
import { compiledOnce } from '../compile/cache.js'
import { canonicalJson } from '../config/index.js'
import { UserError } from '../errors.js'
import type { Scores } from '../masks/index.js'
import { prunableParameters, type TensorRecord, type Weights } from '../models/index.js'
import type { ScoringExamples, ScoringSetSize } from '../tasks/index.js'
import type { ScoreContext } from './method.js'

/** How the loss of the examples is taken. */
export interface LossSetting {
  readonly examples: ScoringExamples
  /** Parts of equal size that the examples run in, one after the other; batch norm sees one part at a time. */
  readonly parts: number
  readonly batchNorm: 'train' | 'eval'
  /** Divides the logits. */
  readonly temperature: number
}

/** L of the prunable weights, in the model's order. */
export type LossFunction = (...prunable: tf.Tensor[]) => tf.Scalar

/** From L and the prunable weights (and a vector beside them, if there is one) to a tensor for each. */
export type OnLoss = (loss: LossFunction, prunable: tf.Tensor[], vector: tf.Tensor[]) => tf.Tensor[]

/**
 * The context's scoring examples.
 *
 * @throws UserError if the task has none
 */
export function drawScoringExamples(
  { task, streams }: ScoreContext,
  wanted: ScoringSetSize,
  times = 1,
): ScoringExamples {
  if (task.scoringExamples === undefined)
    throw new UserError(`The task ${task.objective.name} has no examples to score on.`)
  return task.scoringExamples(streams, wanted, times)
}

/** dL/dtheta of each prunable weight, where L is the mean over the parts. */
export function lossGradients(context: ScoreContext, setting: LossSetting): Promise<Scores> {
  return meanOverParts(context, setting, 'gradient', (loss, prunable) => tf.grads(loss)(prunable))
}

/**
 * The mean over the parts of what a function gives; an engine keeps its graph for a while.
 *
 * @param name of the function, in the graph's key
 * @param vector a number for each prunable weight, if the function wants it
 */
export async function meanOverParts(
  context: ScoreContext,
  setting: LossSetting,
  name: string,
  fn: OnLoss,
  vector?: Scores,
): Promise<Scores> {
  const { examples, parts } = setting
  const count = examples.labels.length / parts
  if (!Number.isInteger(count)) {
    throw new UserError(
      `${examples.labels.length} scoring examples do not divide into ${parts} parts; ask for a multiple.`,
    )
  }
  const graph = await compileOnLoss(context, setting, count, name, fn, vector !== undefined)
  const results: Scores[] = []
  for (let part = 0; part < parts; part++) {
    const batch = rows(examples.batch, examples.labels.length, part * count, (part + 1) * count)
    const inputs: HostTree = { parameters: context.weights satisfies Weights, batch, ...(vector && { vector }) }
    results.push((await graph.run(inputs)) as Scores)
  }
  return results.length === 1 ? results[0]! : mean(results)
}

function compileOnLoss(
  { model, task, engine }: ScoreContext,
  { batchNorm, temperature }: LossSetting,
  count: number,
  name: string,
  fn: OnLoss,
  withVector: boolean,
): Promise<Compiled> {
  const { objective } = task
  const { scoring } = objective
  if (scoring === undefined) throw new UserError(`The objective ${objective.name} has no loss to score by.`)
  const specs = (parameters: readonly { name: string; shape: readonly number[] }[]): SpecTree =>
    Object.fromEntries(parameters.map((p): [string, TensorSpec] => [p.name, { shape: p.shape, dtype: 'float32' }]))
  const prunable = prunableParameters(model)
  const how = { training: batchNorm === 'train', temperature }
  const key = canonicalJson({ onLoss: name, model: model.config, objective: objective.config, count, ...how })
  return compiledOnce(engine, key, () =>
    engine.compile(
      ({ parameters, batch, vector }) => {
        const all = parameters as TensorRecord
        const loss: LossFunction = (...tensors) => {
          const moved = Object.fromEntries(prunable.map((p, i) => [p.name, tensors[i]!]))
          return scoring.loss(model, { ...all, ...moved }, batch as TensorTree, how)
        }
        const at = (record: TensorRecord): tf.Tensor[] => prunable.map((p) => record[p.name]!)
        const found = fn(loss, at(all), withVector ? at(vector as TensorRecord) : [])
        return Object.fromEntries(prunable.map((p, i) => [p.name, found[i]!]))
      },
      {
        parameters: specs(model.parameters),
        batch: scoring.inputs(count),
        ...(withVector && { vector: specs(prunable) }),
      },
    ),
  )
}

/** Rows from one to before another, of arrays that have `total` each. */
function rows(tree: HostTree, total: number, from: number, to: number): HostTree {
  return mapTree(tree, isHostArray, (array) => {
    const row = array.length / total
    return array.subarray(from * row, to * row)
  })
}

function mean(parts: readonly Scores[]): Scores {
  return Object.fromEntries(
    Object.keys(parts[0]!).map((name) => {
      const means = parts[0]![name]!.slice()
      for (let i = 0; i < means.length; i++) {
        let sum = 0
        for (const part of parts) sum += part[name]![i]!
        means[i] = sum / parts.length
      }
      return [name, means]
    }),
  )
}
