/** The method: finds the ticket of the last level, training all levels before it. */
import {
  type JsonObject,
  type Masks,
  type Method,
  type MethodContext,
  magnitudes,
  type ScoredTicket,
  type TrainResult,
} from '@winning-tickets/core'
import { iterativeMagnitudePruning, type Level } from './algorithm.js'
import { directLab, type Lazy, resolveStart } from './direct.js'
import { type ImpOptions, impOptionsSchema, impPlan, optionsTo } from './options.js'
import { levelTicket } from './ticket.js'

export const imp: Method<ImpOptions> = {
  name: 'imp',
  trains: true,
  options: impOptionsSchema,
  forDensity: optionsTo,
  findTicket: async (context, options) => (await findScored(context, options)).ticket,
  findScored,
}

/** The scores are the magnitudes of the trained weights that the last level was pruned by. */
async function findScored(context: MethodContext, options: ImpOptions): Promise<ScoredTicket> {
  const { model, seed, recipe, task } = context
  const lab = directLab(context)
  const pruned: Lazy<TrainResult>[] = []
  const prune: typeof lab.prune = (trained, mask, target) => {
    pruned.push(trained)
    return lab.prune(trained, mask, target)
  }
  const levels = iterativeMagnitudePruning({ ...lab, prune }, impPlan(model, options))
  const { start, level } = levels.at(-1)!
  const provenance: JsonObject = { options, level, recipe, data: task.dataId }
  const resolved = await resolveStart(start)
  const ticket = levelTicket(model, seed, resolved, provenance)
  const { final } = await pruned.at(-1)!()
  const origin = resolved.from === 'init' ? {} : { origin: resolved.from.weights }
  return { ticket, scores: magnitudes(model, final.weights), ...origin }
}

/** All levels; nothing is trained before `level.trained()` is asked for, and nothing twice. */
export function findLevels(context: MethodContext, options: ImpOptions): Level<Lazy<TrainResult>, Lazy<Masks>>[] {
  return iterativeMagnitudePruning(directLab(context), impPlan(context.model, options))
}
