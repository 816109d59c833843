/** The method: finds the ticket of the last level, training all levels before it. */
import type { JsonObject, Masks, Method, MethodContext, TrainResult } from '@winning-tickets/core'
import { iterativeMagnitudePruning, type Level } from './algorithm.js'
import { directLab, type Lazy, resolveStart } from './direct.js'
import { type ImpOptions, impOptionsSchema, impPlan } from './options.js'
import { levelTicket } from './prune.js'

export const imp: Method<ImpOptions> = {
  name: 'imp',
  options: impOptionsSchema,
  async findTicket(context, options) {
    const { start, level } = findLevels(context, options).at(-1)!
    const provenance: JsonObject = { options, level, recipe: context.recipe, data: context.task.dataId }
    return levelTicket(context.model, context.seed, await resolveStart(start), provenance)
  },
}

/** All levels; nothing is trained before `level.trained()` is asked for, and nothing twice. */
export function findLevels(context: MethodContext, options: ImpOptions): Level<Lazy<TrainResult>, Lazy<Masks>>[] {
  return iterativeMagnitudePruning(directLab(context), impPlan(context.model, options))
}
