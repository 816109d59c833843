/** The data sets that stages load. */
import type { Stage } from '../stage/types.js'

/** Names of data sets in the configs of stages, each once, in the order of the stages. */
export function datasetsOf(stages: readonly Pick<Stage, 'config'>[]): string[] {
  const names = stages.flatMap(({ config: { data } }) => {
    const name = typeof data === 'object' && data !== null && 'dataset' in data ? data.dataset : undefined
    return typeof name === 'string' ? [name] : []
  })
  return [...new Set(names)]
}
