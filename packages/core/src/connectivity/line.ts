/** Linear mode connectivity (Frankle et al. 2020; claims.md 1.f): how a network fares on the line between two others. */
import type { Engine } from '@winning-tickets/jit'
import { UserError } from '../errors.js'
import type { Model, Weights } from '../models/index.js'
import type { Metrics, SplitName, Task } from '../tasks/index.js'
import { interpolate, lineOf } from './interpolate.js'
import { statisticsMaker } from './statistics.js'

export interface LineOptions {
  readonly model: Model
  /** What is measured, and whose training batches give the statistics. */
  readonly task: Task
  readonly engine: Engine
  /** The network at alpha = 1, and the one at alpha = 0. */
  readonly first: Weights
  readonly second: Weights
  /** Points between the ends; the paper has 30. */
  readonly points?: number
  readonly splits?: readonly SplitName[]
  /** How batch norm's statistics are made anew at each point, the ends included; not needed where a model has none. */
  readonly statistics: { readonly seed: number; readonly batchSize: number; readonly batches: number }
  readonly onProgress?: (done: number, points: number) => void
}

/** The metrics along a line, from the second network (alpha = 0) to the first (alpha = 1). */
export interface Line {
  readonly alpha: readonly number[]
  readonly metrics: Readonly<Partial<Record<SplitName, readonly Metrics[]>>>
}

export async function walkLine({
  first,
  second,
  points = 30,
  splits = ['train', 'test'],
  statistics,
  onProgress,
  ...setting
}: LineOptions): Promise<Line> {
  const { model, task, engine } = setting
  const alpha = lineOf(points)
  const withStatistics = await statisticsMaker({ ...setting, ...statistics })
  const evaluators = await Promise.all(splits.map((split) => task.evaluator({ model, engine, split })))
  const metrics: Partial<Record<SplitName, Metrics[]>> = Object.fromEntries(splits.map((split) => [split, []]))
  for (const [i, at] of alpha.entries()) {
    const network = await withStatistics(interpolate(first, second, at))
    for (const [j, split] of splits.entries()) metrics[split]!.push(await evaluators[j]!.evaluate(network))
    // A turn of the event loop, so that signals and messages get through between calls that block it.
    await new Promise((resolve) => setImmediate(resolve))
    onProgress?.(i + 1, alpha.length)
  }
  return { alpha, metrics }
}

/** The share of examples that a network gets wrong. */
export function errorOf({ accuracy }: Metrics): number {
  if (accuracy === undefined)
    throw new UserError('This task measures no accuracy, so there is no error; take its loss.')
  return 1 - accuracy
}

/** The largest value along a line minus the mean of its ends: never negative, 0 between equal networks. */
export function barrier(values: readonly number[]): number {
  return Math.max(...values) - (values[0]! + values.at(-1)!) / 2
}
