/** One training step as a pure function: loss, gradients under the mask, update. */
import {
  type LoopSignature,
  type SpecTree,
  type StepFunction,
  type TensorSpec,
  type TensorTree,
  tf,
} from '@winning-tickets/jit'
import { dropoutInputs, type Model, prunableParameters, type TensorRecord } from '../models/index.js'
import { type OptimizerConfig, optimizer, type StepScalars } from '../recipes/index.js'
import type { LossOutputs, Objective } from '../tasks/task.js'

/** All that the graph of a training step depends on. */
export interface StepConfig {
  readonly model: Model
  readonly objective: Objective
  readonly optimizer: OptimizerConfig
  readonly batchSize: number
  /** Whether there is a mask; a dense network trains without one. */
  readonly masked: boolean
}

/**
 * carry: {parameters, slots (by slot, then parameter), state}; each: {scalars, batch, and stay with dropout}; resident: {data, masks}; the
 * step's output is its loss, from before the update. The gradients of masked weights are set to zero: since weights and
 * slots are zero there from the start, they remain exactly zero, whatever the optimizer (trap T6).
 */
export function trainStep({ model, objective, optimizer: config, masked }: StepConfig): StepFunction {
  const rule = optimizer(config)
  return ({ carry, each, resident }) => {
    const parameters = carry.parameters as TensorRecord
    const masks = masked ? (resident.masks as TensorRecord) : {}
    const { outputs, gradients } = lossAndGradients(model, parameters, (trained) =>
      objective.loss({
        model,
        parameters: trained,
        batch: each.batch as TensorTree,
        resident: resident.data as TensorTree,
        state: carry.state as TensorRecord,
        ...(each.stay && { stay: each.stay as TensorRecord }),
      }),
    )

    const weights: Record<string, tf.Tensor> = { ...parameters, ...outputs.statistics }
    const slots = Object.fromEntries(rule.slots.map((slot): [string, Record<string, tf.Tensor>] => [slot, {}]))
    for (const [name, gradient] of Object.entries(gradients)) {
      const mask = masks[name]
      const held = rule.slots.map((slot) => [slot, (carry.slots as Record<string, TensorRecord>)[slot]![name]!])
      const updated = rule.update(
        parameters[name]!,
        mask ? gradient.mul(mask) : gradient,
        Object.fromEntries(held),
        each.scalars as StepScalars,
      )
      weights[name] = updated.weight
      for (const slot of rule.slots) slots[slot]![name] = updated.slots[slot]!
    }
    return { carry: { parameters: weights, slots, state: outputs.state ?? {} }, out: { loss: outputs.loss } }
  }
}

/** Shapes and types of a step's inputs. */
export function stepSignature({ model, objective, optimizer: config, batchSize, masked }: StepConfig): LoopSignature {
  const float = (shape: readonly number[]): TensorSpec => ({ shape, dtype: 'float32' })
  const specs = (parameters: readonly { name: string; shape: readonly number[] }[]): SpecTree =>
    Object.fromEntries(parameters.map(({ name, shape }) => [name, float(shape)]))
  const rule = optimizer(config)
  const stay = dropoutInputs(model, batchSize)
  const trainable = specs(model.parameters.filter((parameter) => parameter.trainable))
  return {
    carry: {
      parameters: specs(model.parameters),
      slots: Object.fromEntries(rule.slots.map((slot) => [slot, trainable])),
      state: objective.state(batchSize),
    },
    each: {
      scalars: Object.fromEntries(Object.keys(rule.scalars(1, 1)).map((name) => [name, float([])])),
      batch: objective.batch(batchSize),
      ...(stay && { stay }),
    },
    resident: { data: objective.resident, masks: masked ? specs(prunableParameters(model)) : {} },
  }
}

/** The loss with everything else the objective gives, and the gradient of each trainable parameter. */
function lossAndGradients(
  model: Model,
  parameters: TensorRecord,
  loss: (parameters: TensorRecord) => LossOutputs,
): { outputs: LossOutputs; gradients: TensorRecord } {
  const names = model.parameters.filter((parameter) => parameter.trainable).map(({ name }) => name)
  // The tape disposes what the function makes and does not return: statistics and state are kept, then handed over.
  let aside: Pick<LossOutputs, 'statistics' | 'state'> = {}
  const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
    const {
      loss: value,
      statistics,
      state,
    } = loss({
      ...parameters,
      ...Object.fromEntries(names.map((name, i) => [name, tensors[i]!])),
    })
    aside = { statistics: mapRecord(statistics, tf.keep), state: mapRecord(state, tf.keep) }
    return value
  })(names.map((name) => parameters[name]!))
  const handOver = (kept: tf.Tensor): tf.Tensor => {
    const copy = kept.clone()
    kept.dispose()
    return copy
  }
  return {
    outputs: {
      loss: value as tf.Scalar,
      statistics: mapRecord(aside.statistics, handOver),
      state: mapRecord(aside.state, handOver),
    },
    gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!])),
  }
}

function mapRecord(record: TensorRecord | undefined, map: (tensor: tf.Tensor) => tf.Tensor): TensorRecord | undefined {
  return record && Object.fromEntries(Object.entries(record).map(([name, tensor]) => [name, map(tensor)]))
}
