/** The methods that no paper's package owns. */
import { magnitude } from './magnitude.js'
import type { Method } from './method.js'
import { random } from './random.js'
import { smartRatio } from './smart-ratio.js'

export const coreMethods: readonly Method[] = [magnitude, random, smartRatio]
