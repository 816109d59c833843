/** The lab that writes stages down instead of training: what all experiments of the paper plan with. */
import { densityRecord, type Model, type RecipeInput, recipe } from '@winning-tickets/core'
import { createStage, type Stage, type TrainConfigInput, trainKind } from '@winning-tickets/harness'
import { type ImpOptions, type Lab, levelTarget, type Start } from '@winning-tickets/imp'
import { pruneKind } from './prune-stage.js'

/** A stage that is being planned: the algorithm runs on promises of stages, and nothing trains. */
export type Planned = Promise<Stage>

/** What all runs of a network share. */
export interface Training {
  readonly data: TrainConfigInput['data']
  readonly model: TrainConfigInput['model']
  readonly recipe: RecipeInput
}

/**
 * Plans the runs of a seed.
 *
 * @param keepAt iterations that the dense network keeps, where several ladders start from one; else the one that is asked for
 */
export function planningLab(training: Training, seed: number, keepAt?: readonly number[]): Lab<Planned, Planned> {
  return {
    train(start, keep) {
      const asked = keep === undefined ? [] : [keep]
      const dense = start.from === 'init' && start.mask === undefined
      return trainStage(training, seed, start, { keepAt: dense && keepAt ? [...keepAt] : asked })
    },
    async prune(trained, mask, target) {
      const inputs = { trained: await trained, ...(mask ? { mask: await mask } : {}) }
      const config = { model: training.model, masked: mask !== undefined, target }
      return createStage(pruneKind, config as never, { inputs, label: `prune, seed ${seed}` })
    },
  }
}

type TrainOptions = Partial<Pick<TrainConfigInput, 'keepAt' | 'start' | 'orderSeed'>> & { readonly label?: string }

/** The stage of a start, or of a control of it: `start` in the options is what becomes of the start's mask. */
export async function trainStage(
  { data, model, recipe: given }: Training,
  seed: number,
  { mask, from }: Start<Planned, Planned>,
  { label = 'train', ...rest }: TrainOptions = {},
): Planned {
  // A control that draws its own weights needs no trained ones.
  const drawn = rest.start !== undefined && rest.start.from !== 'rewind'
  const trained = from === 'init' || drawn ? undefined : await ('trained' in from ? from.trained : from.continueFrom)
  const start: TrainConfigInput['start'] =
    from === 'init' ? { from } : 'rewindTo' in from ? { from: 'rewind', step: from.rewindTo } : { from: 'continue' }
  const config: TrainConfigInput = {
    data,
    model,
    recipe: recipe(given),
    seed,
    start,
    masked: mask !== undefined,
    ...rest,
  }
  const inputs = { ...(mask ? { mask: await mask } : {}), ...(trained ? { trained } : {}) }
  return createStage(trainKind, config, { inputs, label: `${label}, seed ${seed}` })
}

/** The density that a round leaves: (1 - rate)^round of each layer or of all, rounded to whole weights. */
export function densityAfter(network: Model, rates: ImpOptions['rates'], round: number): number {
  if (round === 0) return 1
  const target = levelTarget(network, rates, round)
  const { layers, prunable } = densityRecord(network)
  if (target.scope === 'global') return Math.round(target.density * prunable) / prunable
  const kept = layers.reduce((sum, layer) => sum + Math.round(target.densities[layer.name]! * layer.prunable), 0)
  return kept / prunable
}
