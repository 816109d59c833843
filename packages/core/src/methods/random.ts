/** Random pruning at initialisation: anywhere, uniformly in each layer, or with another ticket's layer counts (trap T9). */
import { z } from 'zod'
import { UserError } from '../errors.js'
import { keptCount } from '../masks/index.js'
import { type Model, prunableParameters, sizeOf } from '../models/index.js'
import { type Streams, within } from '../random/index.js'
import { scoringOptions } from './options.js'
import { evenTarget, scoringMethod } from './scoring.js'

const options = z.strictObject({
  ...scoringOptions(1),
  rounds: z.literal(1).default(1),
  /** Draws differ by this number: streams "mask/random/<replicate>/<parameter>". */
  replicate: z.int().min(0).default(0),
  /** Weights to keep of each parameter, in place of the scope: those of the ticket to match. They sum up to K. */
  kept: z.record(z.string(), z.int().min(0)).optional(),
})

export const random = scoringMethod({
  name: 'random',
  options,
  score: async ({ model, streams }, { replicate }) => ({
    scores: randomScores(model, within(streams, `mask/random/${replicate}`)),
  }),
  target(model, density, { scope, kept }) {
    const parameters = prunableParameters(model)
    if (kept === undefined) {
      return evenTarget(
        scope,
        density,
        parameters.map(({ name }) => name),
      )
    }
    return { scope: 'layerwise', densities: matchedDensities(model, density, kept) }
  },
})

/** A uniform number for each prunable weight: the top K of them are any K. */
export function randomScores(model: Model, from: Streams): Record<string, Float32Array> {
  return Object.fromEntries(
    prunableParameters(model).map(({ name, shape }) => [name, from(name).uniforms(sizeOf(shape))]),
  )
}

function matchedDensities(
  model: Model,
  density: number,
  kept: Readonly<Record<string, number>>,
): Record<string, number> {
  const sizes = prunableParameters(model).map(({ name, shape }) => [name, sizeOf(shape)] as const)
  const wrong = [
    ...sizes.filter(([name, size]) => (kept[name] ?? size + 1) > size).map(([name]) => name),
    ...Object.keys(kept).filter((name) => !sizes.some(([known]) => known === name)),
  ]
  if (wrong.length > 0) {
    throw new UserError(
      `The counts of random pruning do not fit model ${model.name} at ${wrong.join(', ')}; give those of a ticket of that model.`,
    )
  }
  const total = sizes.reduce((sum, [, size]) => sum + size, 0)
  const sum = Object.values(kept).reduce((all, count) => all + count, 0)
  if (sum !== keptCount(density, total)) {
    throw new UserError(
      `The counts of random pruning keep ${sum} of ${total} weights, not the density ${density}; set the density to ${sum / total}.`,
    )
  }
  return Object.fromEntries(sizes.map(([name, size]) => [name, kept[name]! / size]))
}
