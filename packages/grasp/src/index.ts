/** Wang et al., Picking Winning Tickets Before Training by Preserving Gradient Flow: GraSP (ICLR 2020). */
import type { Method } from '@winning-tickets/core'
import { grasp } from './grasp.js'

export { grasp, keptBy } from './grasp.js'
export { hessianGradient, hessianVector } from './hessian.js'
export { type GraspOptions, type GraspOptionsInput, graspOptions, graspOptionsSchema } from './options.js'

/** What this package adds to the commands. */
export const methods: readonly Method[] = [grasp]
