/** Means of metrics over a set of examples, by a graph that runs on one batch of them at a time. */
import type { Engine, HostArray, TensorSpec } from '@winning-tickets/jit'
import { compileEvaluation } from '../compile/index.js'
import { UserError } from '../errors.js'
import { type Model, sizeOf, type Weights } from '../models/index.js'
import type { Evaluator, Metrics, Objective } from './task.js'

export interface EvaluationSet {
  readonly model: Model
  readonly engine: Engine
  readonly objective: Objective
  /** Examples; at least 1. */
  readonly count: number
  /** Arrays of `count` rows, by the names of the evaluation graph's inputs (all but `weights`). */
  readonly arrays: Readonly<Record<string, HostArray>>
}

/**
 * Runs the objective's evaluation graph over the set. Its inputs are batches of rows of `arrays`, and `weights`, 1 for
 * each example and 0 for what only fills up the last batch; its outputs are weighted sums, which become means here.
 */
export async function setEvaluator({ model, engine, objective, count, arrays }: EvaluationSet): Promise<Evaluator> {
  if (count < 1) throw new UserError(`The objective ${objective.name} cannot be evaluated on an empty split.`)
  const graph = await compileEvaluation(engine, model, objective, count)
  const specs = graph.inputs.inputs as Readonly<Record<string, TensorSpec>>
  const batch = specs.weights!.shape[0]!
  const batches = Array.from({ length: Math.ceil(count / batch) }, (_, i) => {
    const used = Math.min(batch, count - i * batch)
    const rows = Object.entries(arrays).map(([name, array]): [string, HostArray] => {
      const row = sizeOf(specs[name]!.shape.slice(1))
      return [name, filled(array.subarray(i * batch * row, (i * batch + used) * row), batch * row)]
    })
    return { ...Object.fromEntries(rows), weights: new Float32Array(batch).fill(1, 0, used) }
  })

  return {
    async evaluate(weights: Weights): Promise<Metrics> {
      const sums: Record<string, number> = {}
      for (const inputs of batches) {
        const outputs = await graph.run({ parameters: weights, inputs })
        for (const [name, value] of Object.entries(outputs)) {
          sums[name] = (sums[name] ?? 0) + (value as Float32Array)[0]!
        }
      }
      const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]))
      return { ...means, loss: means.loss! }
    },
  }
}

/** The array itself, or a copy with zeros up to the length. */
function filled(array: HostArray, length: number): HostArray {
  if (array.length === length) return array
  const full = new (array.constructor as new (length: number) => HostArray)(length)
  full.set(array)
  return full
}
