/** How settings name their data. */
import { datasetInfo } from '@winning-tickets/core'
import type { Settings } from './types.js'

/** A data set with what a reader must know of it. */
export function datasetOf(name: string): Settings['dataset'] {
  const { note } = datasetInfo(name)
  return { name, ...(note === undefined ? {} : { note }) }
}
