/** Tanaka et al., Pruning neural networks without any data by iteratively conserving synaptic flow (NeurIPS 2020). */
import type { Method } from '@winning-tickets/core'
import { synflow } from './synflow.js'

export { flow, synapticFlow } from './flow.js'
export { type SynflowOptions, type SynflowOptionsInput, synflowOptions, synflowOptionsSchema } from './options.js'
export { synflow } from './synflow.js'

/** What this package adds to the commands. */
export const methods: readonly Method[] = [synflow]
