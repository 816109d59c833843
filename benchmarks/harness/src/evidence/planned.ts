/** What the experiments of a checkout plan: what no plan holds is an orphan. */
import { topological } from '../execute/plan.js'
import { PROFILES } from '../experiment/profile.js'
import type { Experiment, Settings } from '../experiment/types.js'
import type { Stage } from '../stage/types.js'
import type { Deterministic } from '../store/types.js'

/** What is known of runs that were made. */
export type Known = Pick<Deterministic, 'id' | 'config'>

/**
 * The stages of all profiles of some experiments, once each. Runs of more seeds than a profile has, or of a range beyond
 * (`--seeds`), are planned too, as far as such runs are known: by their ids, or by a seed that a config names.
 */
export async function plannedStages(experiments: readonly Experiment[], known: Iterable<Known>): Promise<Stage[]> {
  const ids = new Set<string>()
  let last = 0
  for (const { id, config } of known) {
    ids.add(id)
    if (typeof config.seed === 'number') last = Math.max(last, config.seed)
  }
  const planned = new Map<string, Stage>()
  for (const experiment of experiments) {
    for (const profile of PROFILES) {
      const stages = await asFarAsKnown(experiment, experiment.profiles[profile], ids, last)
      for (const [id, stage] of stages) planned.set(id, stage)
    }
  }
  return [...planned.values()]
}

/** @param last largest seed of any known run */
async function asFarAsKnown(experiment: Experiment, settings: Settings, known: ReadonlySet<string>, last: number) {
  const stagesOf = async (seeds: number) => {
    const cells = await experiment.plan({ ...settings, seeds })
    return new Map(topological(cells.map(({ stage }) => stage)).map((stage) => [stage.id, stage]))
  }
  let { seeds } = settings
  let stages = await stagesOf(seeds)
  for (;;) {
    const more = await stagesOf(2 * seeds)
    const isUsed = [...more.keys()].some((id) => known.has(id) && !stages.has(id))
    if (!isUsed && seeds >= last) return stages
    seeds *= 2
    stages = more
  }
}
