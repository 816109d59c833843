/** The toy grid, run in this process. */
import { execute } from '../execute/execute.js'
import { batchesOf } from '../experiment/results.js'
import type { Cell } from '../experiment/types.js'
import type { Store } from '../store/types.js'
import { benchmark, type ToySettings } from './toy.js'

export const [toy] = benchmark.experiments as readonly [(typeof benchmark.experiments)[0]]
export const smoke = toy.profiles.smoke as ToySettings
export const small = toy.profiles.small as ToySettings

export const planToy = (settings: ToySettings): Promise<readonly Cell[]> => toy.plan(settings)

/** What a run told: the labels of stages that were begun, and warnings. */
export interface Told {
  readonly started: readonly string[]
  readonly warnings: readonly string[]
}

/** Runs cells in many lanes. */
export async function runCells(store: Store, cells: readonly Cell[]): Promise<Told> {
  const told = { started: [] as string[], warnings: [] as string[] }
  await execute(batchesOf(cells), {
    store,
    where: { kinds: benchmark.kinds },
    workers: 16,
    onEvent: (event) => {
      if (event.type === 'started') told.started.push(event.stage.label)
      if (event.type === 'warning') told.warnings.push(event.message)
    },
  })
  return told
}

export const runToy = async (store: Store, settings: ToySettings): Promise<Told> =>
  runCells(store, await planToy(settings))
