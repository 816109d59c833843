/** Statistics of batch norm computed anew: those that a network has left behind by being moved are wrong. */
import type { CompiledLoop, Engine, HostTree, LoopSignature, StepFunction, TensorTree } from '@winning-tickets/jit'
import { traceLoopHash } from '@winning-tickets/jit'
import { compiledOnce } from '../compile/cache.js'
import { canonicalJson } from '../config/index.js'
import { UserError } from '../errors.js'
import { type Model, sizeOf, type TensorRecord, type Weights } from '../models/index.js'
import { streams, within } from '../random/index.js'
import type { Objective, Task } from '../tasks/index.js'

/** All that the graph depends on. */
export interface StatisticsGraph {
  readonly model: Model
  readonly objective: Objective
  readonly batchSize: number
}

export interface StatisticsOptions {
  readonly model: Model
  readonly task: Task
  readonly engine: Engine
  /** Root seed of the batches: the streams of training, below "statistics/". */
  readonly seed: number
  readonly batchSize: number
  /** Training batches that are averaged over; at least 1. */
  readonly batches: number
}

/** Batches in one call of the loop. */
const BATCHES_PER_CALL = 10

const statisticsOf = (model: Model) => model.parameters.filter((parameter) => !parameter.trainable)

/**
 * Gives a network the means and variances (unbiased) of each layer's inputs, averaged over training batches, as PyTorch's
 * `update_bn` does: all else remains. A model without statistics is given back as it is.
 *
 * @throws UserError if the task's batches depend on the weights
 */
export async function statisticsMaker({
  task,
  engine,
  seed,
  batches,
  ...rest
}: StatisticsOptions): Promise<(weights: Weights) => Promise<Weights>> {
  const { model, batchSize } = rest
  const names = statisticsOf(model)
  if (names.length === 0) return async (weights) => weights
  if (!Number.isInteger(batches) || batches < 1) {
    throw new UserError(`Statistics cannot be averaged over ${batches} batches; ask for a whole number of at least 1.`)
  }
  const source = task.source({ model, engine, streams: within(streams(seed), 'statistics'), batchSize })
  if (source.kind !== 'resident') {
    throw new UserError(
      `Statistics need the same batches for each network, and the ${task.objective.name} task has none.`,
    )
  }
  const { objective } = task
  const loop = await compileStatistics(engine, { model, objective, batchSize })
  const zeros = (specs: Readonly<Record<string, { readonly shape: readonly number[] }>>): HostTree =>
    Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, new Float32Array(sizeOf(shape))]))

  return async (weights) => {
    const resident = { data: source.resident, parameters: pick(weights, trainableOf(model)) }
    const sums = Object.fromEntries(names.map((spec) => [spec.name, spec]))
    let carry: HostTree = { sums: zeros(sums), state: zeros(objective.state(batchSize)) }
    for (let done = 0; done < batches; done += BATCHES_PER_CALL) {
      const steps = Math.min(BATCHES_PER_CALL, batches - done)
      const given = await loop.run({ carry, each: { batch: source.batches(done, steps) }, resident }, steps)
      carry = { sums: given.carry.sums!, state: given.carry.state ?? {} }
    }
    const means = Object.entries(carry.sums as Weights).map(([name, sum]) => [
      name,
      sum.map((value) => value / batches),
    ])
    return { ...weights, ...Object.fromEntries(means) }
  }
}

/** The hash of the graph before lowering, for stages' ids; undefined for a model without statistics. */
export function statisticsTraceHash(graph: StatisticsGraph): string | undefined {
  if (statisticsOf(graph.model).length === 0) return undefined
  return traceLoopHash(statisticsStep(graph), statisticsSignature(graph))
}

function compileStatistics(engine: Engine, graph: StatisticsGraph): Promise<CompiledLoop> {
  const { model, objective, batchSize } = graph
  const key = canonicalJson({ statistics: { model: model.config, objective: objective.config, batchSize } })
  return compiledOnce(engine, key, () => engine.compileLoop(statisticsStep(graph), statisticsSignature(graph)))
}

/** carry: {sums, state}; each: {batch}; resident: {data, parameters}: the trainable ones. Each step adds a batch's. */
function statisticsStep({ model, objective }: StatisticsGraph): StepFunction {
  const own: Model = {
    ...model,
    apply: (weights, x, mode) => model.apply(weights, x, { ...mode, statistics: 'batch' }),
  }
  return ({ carry, each, resident }) => {
    const { loss, statistics, state } = objective.loss({
      model: own,
      parameters: resident.parameters as TensorRecord,
      batch: each.batch as TensorTree,
      resident: resident.data as TensorTree,
      state: carry.state as TensorRecord,
    })
    const sums = Object.entries(carry.sums as TensorRecord).map(([name, sum]) => [name, sum.add(statistics![name]!)])
    return { carry: { sums: Object.fromEntries(sums), state: state ?? {} }, out: { loss } }
  }
}

function statisticsSignature({ model, objective, batchSize }: StatisticsGraph): LoopSignature {
  const specs = (parameters: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
    Object.fromEntries(parameters.map(({ name, shape }) => [name, { shape, dtype: 'float32' as const }]))
  return {
    carry: { sums: specs(statisticsOf(model)), state: objective.state(batchSize) },
    each: { batch: objective.batch(batchSize) },
    resident: { data: objective.resident, parameters: specs(trainableOf(model)) },
  }
}

const trainableOf = (model: Model) => model.parameters.filter((parameter) => parameter.trainable)

const pick = (weights: Weights, parameters: readonly { readonly name: string }[]): Weights =>
  Object.fromEntries(parameters.map(({ name }) => [name, weights[name]!]))
