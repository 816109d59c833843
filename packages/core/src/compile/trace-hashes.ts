/** Hashes of the traced graphs of a run, without data: what a stage's id holds of them. */
import { traceHash, traceLoopHash } from '@winning-tickets/jit'
import { canonicalJson, type Json } from '../config/index.js'
import type { Model } from '../models/index.js'
import type { Recipe } from '../recipes/index.js'
import type { Objective } from '../tasks/task.js'
import { evaluationGraph } from './compile.js'
import { stepSignature, trainStep } from './step.js'

export interface TraceConfig {
  readonly model: Model
  readonly objective: Objective
  readonly recipe: Pick<Recipe, 'optimizer' | 'batchSize'>
  /** Whether the run has a mask. */
  readonly masked: boolean
}

export interface TraceHashes {
  /** SHA-256 of the training step's graph before lowering. */
  readonly train: string
  /** Of the evaluation's; null if evaluation is not a graph. */
  readonly evaluate: string | null
}

const known = new Map<string, TraceHashes>()

/** Traces each configuration once a process. */
export function trainTraceHashes({ model, objective, recipe, masked }: TraceConfig): TraceHashes {
  const { optimizer, batchSize } = recipe
  const key = canonicalJson({ model: model.config, objective: objective.config, optimizer, batchSize, masked } as Json)
  let hashes = known.get(key)
  if (hashes === undefined) {
    const step = { model, objective, optimizer, batchSize, masked }
    const evaluation = objective.evaluation && evaluationGraph(model, objective)
    hashes = {
      train: traceLoopHash(trainStep(step), stepSignature(step)),
      evaluate: evaluation ? traceHash(evaluation.fn, evaluation.signature) : null,
    }
    known.set(key, hashes)
  }
  return hashes
}
