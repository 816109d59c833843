/** The lab that writes stages down instead of training: what experiments plan iterative pruning with. */
import { type RecipeInput, recipe, type Target } from '@winning-tickets/core'
import { createStage } from '../stage/create.js'
import type { Stage } from '../stage/types.js'
import { pruneKind } from './prune.js'
import { type TrainConfigInput, trainKind } from './train.js'

/** A stage that is being planned: the algorithm runs on promises of stages, and nothing trains. */
export type Planned = Promise<Stage>

/** What all runs of a network share. */
export interface Training {
  readonly data: TrainConfigInput['data']
  readonly model: TrainConfigInput['model']
  readonly recipe: RecipeInput
}

/** What a run begins with, in the words of packages/imp: a mask, and theta_0, theta_k of a run, or a run's last weights. */
export interface PlannedStart {
  readonly mask?: Planned
  readonly from: 'init' | { readonly rewindTo: number; readonly trained: Planned } | { readonly continueFrom: Planned }
}

/**
 * Plans the runs of a seed. The result is a `Lab` of packages/imp, which the harness does not import.
 *
 * @param keepAt iterations that the dense network keeps, where several ladders start from one; else the one that is asked for
 */
export function planningLab(training: Training, seed: number, keepAt?: readonly number[]) {
  return {
    train(start: PlannedStart, keep?: number): Planned {
      const asked = keep === undefined ? [] : [keep]
      const dense = start.from === 'init' && start.mask === undefined
      return trainStage(training, seed, start, { keepAt: dense && keepAt ? [...keepAt] : asked })
    },
    async prune(trained: Planned, mask: Planned | undefined, target: Target): Planned {
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
  { mask, from }: PlannedStart,
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
