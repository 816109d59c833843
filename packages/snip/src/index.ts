/** Lee et al., SNIP: Single-shot Network Pruning based on Connection Sensitivity (ICLR 2019). */
import type { Method } from '@winning-tickets/core'
import { snip } from './snip.js'

export { type SnipOptions, type SnipOptionsInput, snipOptions, snipOptionsSchema } from './options.js'
export { sensitivities, snip } from './snip.js'

/** What this package adds to the commands. */
export const methods: readonly Method[] = [snip]
