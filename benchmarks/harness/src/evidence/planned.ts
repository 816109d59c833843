/** What the experiments of a checkout plan: what no plan holds is an orphan. */
import { topological } from '../execute/plan.js'
import { PROFILES } from '../experiment/profile.js'
import type { Experiment, Settings } from '../experiment/types.js'
import type { Stage } from '../stage/types.js'

/**
 * The stages of all profiles of some experiments, once each. Runs of more seeds than a profile has (`--seeds`) are
 * planned too, as far as such runs are known.
 */
export async function plannedStages(experiments: readonly Experiment[], known: ReadonlySet<string>): Promise<Stage[]> {
  const planned = new Map<string, Stage>()
  for (const experiment of experiments) {
    for (const profile of PROFILES) {
      const stages = await asFarAsKnown(experiment, experiment.profiles[profile], known)
      for (const [id, stage] of stages) planned.set(id, stage)
    }
  }
  return [...planned.values()]
}

async function asFarAsKnown(experiment: Experiment, settings: Settings, known: ReadonlySet<string>) {
  const stagesOf = async (seeds: number) => {
    const cells = await experiment.plan({ ...settings, seeds })
    return new Map(topological(cells.map(({ stage }) => stage)).map((stage) => [stage.id, stage]))
  }
  let { seeds } = settings
  let stages = await stagesOf(seeds)
  for (;;) {
    seeds *= 2
    const more = await stagesOf(seeds)
    const isUsed = [...more.keys()].some((id) => known.has(id) && !stages.has(id))
    if (!isUsed) return stages
    stages = more
  }
}
