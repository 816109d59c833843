/** Compiling the graphs of training and evaluation, each once an engine. */
import type {
  Compiled,
  CompiledLoop,
  Engine,
  SpecTree,
  TensorFunction,
  TensorSpec,
  TensorTree,
} from '@winning-tickets/jit'
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

/** The objective's evaluation graph. */
export function compileEvaluation(engine: Engine, model: Model, objective: Objective): Promise<Compiled> {
  const { fn, signature } = evaluationGraph(model, objective)
  const key = canonicalJson({ evaluate: { model: model.config, objective: objective.config } })
  return compiledOnce(engine, key, () => engine.compile(fn, signature))
}

/** The evaluation as a function for the engine: inputs are {parameters, inputs}. */
export function evaluationGraph(model: Model, objective: Objective): { fn: TensorFunction; signature: SpecTree } {
  const { evaluation } = objective
  if (evaluation === undefined) throw new UserError(`The objective ${objective.name} has no evaluation graph.`)
  return {
    fn: (inputs) => evaluation.run(model, inputs.parameters as TensorRecord, inputs.inputs as TensorTree),
    signature: {
      parameters: Object.fromEntries(
        model.parameters.map(({ name, shape }): [string, TensorSpec] => [name, { shape, dtype: 'float32' }]),
      ),
      inputs: evaluation.inputs,
    },
  }
}
