/** Compiling the graphs of training and evaluation, which an engine keeps for a while. */
import type { Compiled, CompiledLoop, Engine, TensorFunction, TensorSpec, TensorTree } from '@winning-tickets/jit'
import { canonicalJson, type Json } from '../config/index.js'
import { UserError } from '../errors.js'
import type { Model, TensorRecord } from '../models/index.js'
import type { Objective } from '../tasks/task.js'
import { compiledOnce } from './cache.js'
import { type StepConfig, stepSignature, trainStep } from './step.js'

/** The loop of training steps; its cache key is everything that `StepConfig` says in JSON. */
export function compileTraining(engine: Engine, config: StepConfig): Promise<CompiledLoop> {
  const { model, objective, ...rest } = config
  const key = canonicalJson({ train: { model: model.config, objective: objective.config, ...rest } as Json })
  return compiledOnce(engine, key, () => engine.compileLoop(trainStep(config), stepSignature(config)))
}

/** The objective's evaluation graph for a set of `count` examples. */
export function compileEvaluation(
  engine: Engine,
  model: Model,
  objective: Objective,
  count?: number,
): Promise<Compiled> {
  const { fn, signature } = evaluationGraph(model, objective, count)
  const shapes = Object.values(signature.inputs).map(({ shape }) => [...shape])
  const key = canonicalJson({ evaluate: { model: model.config, objective: objective.config, shapes } })
  return compiledOnce(engine, key, () => engine.compile(fn, signature))
}

/**
 * The evaluation as a function for the engine: inputs are {parameters, inputs}.
 *
 * @param count examples of the set, for a batch is no larger
 */
export function evaluationGraph(model: Model, objective: Objective, count = Number.POSITIVE_INFINITY) {
  const { evaluation } = objective
  if (evaluation === undefined) throw new UserError(`The objective ${objective.name} has no evaluation graph.`)
  const fn: TensorFunction = ({ parameters, inputs }) =>
    evaluation.run(model, parameters as TensorRecord, inputs as TensorTree)
  const parameters = Object.fromEntries(
    model.parameters.map(({ name, shape }): [string, TensorSpec] => [name, { shape, dtype: 'float32' }]),
  )
  return { fn, signature: { parameters, inputs: evaluation.inputs(Math.min(evaluation.batchSize, count)) } }
}
