/** Networks of one grid, each pruned down a ladder of levels, and the cells of its runs. */
import { type Model, type ModelName, model, type RecipeInput } from '@winning-tickets/core'
import type { Cell, Planned, TrainConfigInput } from '@winning-tickets/harness'
import { type ImpOptions, type ImpOptionsInput, impOptions } from '@winning-tickets/imp'
import { densityAfter } from './densities.js'

/** A network as an experiment prunes it. */
export interface PrunedNetwork {
  readonly name: ModelName
  /** Options of the model that differ from its defaults. */
  readonly options?: NonNullable<TrainConfigInput['model']['options']>
  readonly recipe: RecipeInput
  readonly rates: NonNullable<ImpOptionsInput['rates']>
  /** The paper's rounds after which a ticket is trained; where a number is left out, its round is taken with the next. */
  readonly rounds: readonly number[]
}

export const modelOf = ({ name, options }: PrunedNetwork): Model => model(name, options as never)

export const ratesOf = ({ rates }: PrunedNetwork): ImpOptions['rates'] => impOptions({ rounds: 1, rates }).rates

/** The density of a network after a round. */
export const densityOf = (network: PrunedNetwork, round: number): number =>
  densityAfter(modelOf(network), ratesOf(network), round)

/** Collects the cells of one network and seed; an arm's name begins with the network's, as in "conv-2 ticket". */
export function cellsOf(network: PrunedNetwork, seed: number) {
  const cells: Cell[] = []
  async function add(name: string, level: number, stage: Planned): Promise<void> {
    const arm = `${network.name} ${name}`
    const density = densityOf(network, level)
    const label = `${arm} ${(100 * density).toFixed(1)}%, seed ${seed}`
    cells.push({ arm, level, density, seed, stage: { ...(await stage), label } })
  }
  return { cells, add }
}

export const roundsUpTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)
