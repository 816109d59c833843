/** A lab that trains here and now, each run when its result is first asked for. */
import { type Masks, type MethodContext, pruneByMagnitude, type TrainResult, train } from '@winning-tickets/core'
import type { Lab, Start } from './algorithm.js'
import { type LevelStart, levelTicket } from './ticket.js'

/** A result that is computed at most once, when first asked for. */
export type Lazy<T> = () => Promise<T>

export function directLab(context: MethodContext): Lab<Lazy<TrainResult>, Lazy<Masks>> {
  const { model, seed } = context
  return {
    train: (start, keep) =>
      lazy(async () =>
        train({
          ...context,
          ticket: levelTicket(model, seed, await resolveStart(start)),
          keepAt: keep === undefined ? [] : [keep],
        }),
      ),
    prune: (trained, mask, target) =>
      lazy(async () => {
        const { final } = await trained()
        return pruneByMagnitude(model, final.weights, await mask?.(), target)
      }),
  }
}

/** Computes what a start refers to. */
export async function resolveStart({ mask, from }: Start<Lazy<TrainResult>, Lazy<Masks>>): Promise<LevelStart> {
  const masks = await mask?.()
  if (from === 'init') return { mask: masks, from }
  if ('continueFrom' in from) {
    const { final } = await from.continueFrom()
    return { mask: masks, from: { weights: final.weights, step: 0 } }
  }
  const { kept } = await from.trained()
  return { mask: masks, from: kept[from.rewindTo]! }
}

function lazy<T>(compute: () => Promise<T>): Lazy<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= compute()
    return result
  }
}
