/** Where a run stands: everything that a checkpoint keeps. */
import type { TensorSpec } from '@winning-tickets/jit'
import { UserError } from '../errors.js'
import { type Masks, maskWeights } from '../masks/index.js'
import { type Model, sizeOf, type Weights } from '../models/index.js'
import type { Optimizer, Recipe } from '../recipes/index.js'
import type { Slots, Ticket } from '../tickets/index.js'
import type { Curves, Snapshot } from './result.js'

export interface CurvePoint {
  readonly iteration: number
  readonly trainLoss: number
  readonly validationLoss: number
  readonly validationAccuracy: number
}

export interface Best {
  readonly iteration: number
  readonly loss: number
  readonly weights: Weights
}

export interface RunState {
  /** Iterations done. */
  iteration: number
  weights: Weights
  slots: Slots
  /** Updates since the slots were zero. */
  updates: number
  /** The objective's carried state. */
  carried: Weights
  best: Best | undefined
  curve: CurvePoint[]
  /** Training losses since the last evaluation: their sum in float64, step by step, and how many. */
  window: { sum: number; steps: number }
  kept: Record<number, Snapshot>
}

/** The state before a run's first step. */
export function beginState(
  model: Model,
  ticket: Ticket,
  recipe: Recipe,
  rule: Optimizer,
  carried: Readonly<Record<string, TensorSpec>>,
): RunState {
  const given = ticket.optimizer
  if (given !== undefined && given.name !== recipe.optimizer.name) {
    throw new UserError(
      `The ticket has the state of the optimizer ${given.name}, but the recipe trains with ${recipe.optimizer.name}; start it with a fresh state.`,
    )
  }
  return {
    iteration: ticket.step,
    weights: maskWeights(ticket.weights, ticket.mask),
    slots: Object.fromEntries(
      rule.slots.map((slot) => [
        slot,
        startSlot(model, given?.slots[slot], ticket.mask, `${recipe.optimizer.name} ${slot}`),
      ]),
    ),
    updates: given?.updates ?? 0,
    carried: Object.fromEntries(
      Object.entries(carried).map(([name, { shape }]) => [name, new Float32Array(sizeOf(shape))]),
    ),
    best: undefined,
    curve: [],
    window: { sum: 0, steps: 0 },
    kept: {},
  }
}

function startSlot(model: Model, given: Weights | undefined, mask: Masks | undefined, what: string): Weights {
  const values = Object.fromEntries(
    model.parameters
      .filter((parameter) => parameter.trainable)
      .map(({ name, shape }): [string, Float32Array] => {
        const value = given === undefined ? new Float32Array(sizeOf(shape)) : given[name]
        if (value?.length !== sizeOf(shape)) {
          throw new UserError(
            `The ticket's optimizer state (${what}) does not fit ${name}; start it with a fresh state.`,
          )
        }
        return [name, value]
      }),
  )
  return maskWeights(values, mask)
}

/** The network as it stands. The loop gives fresh arrays at each call, so nothing is copied. */
export function snapshot(state: RunState, recipe: Recipe): Snapshot {
  return {
    step: state.iteration,
    weights: state.weights,
    optimizer: { name: recipe.optimizer.name, slots: state.slots, updates: state.updates },
  }
}

export function curvesOf(points: readonly CurvePoint[]): Curves {
  return {
    iteration: Int32Array.from(points, (point) => point.iteration),
    trainLoss: Float32Array.from(points, (point) => point.trainLoss),
    validationLoss: Float32Array.from(points, (point) => point.validationLoss),
    validationAccuracy: Float32Array.from(points, (point) => point.validationAccuracy),
  }
}
