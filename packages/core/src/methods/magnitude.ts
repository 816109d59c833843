/** Magnitude at initialisation: the largest first weights stay (claims.md 0.3). */
import { z } from 'zod'
import { magnitudes } from '../masks/index.js'
import { scoringOptions } from './options.js'
import { scoringMethod } from './scoring.js'

export const magnitude = scoringMethod({
  name: 'magnitude',
  options: z.strictObject(scoringOptions(1)),
  score: async ({ model, weights }) => ({ scores: magnitudes(model, weights) }),
})
