/** Dropout (Srivastava et al. 2014): the host draws which units stay, so that a run is the same on every engine. */
import type { HostTree, SpecTree } from '@winning-tickets/jit'
import { z } from 'zod'
import { UserError } from '../errors.js'
import type { Streams } from '../random/index.js'
import type { Build } from './layers.js'
import { type DropoutSite, type Model, sizeOf } from './model.js'

/** Fraction of units that is dropped at every step; absent from a model's config if it drops none. */
export const dropoutRate = z.number().gt(0).lt(1).optional()

/** Zeroes units in training and scales the others by 1 / (1 - rate), so that evaluation takes all as they are. */
export function dropout(name: string, rate: number): Build {
  return (input) => ({
    parameters: [],
    output: input,
    dropout: [{ name, shape: input, rate }],
    run(x, { training, stay }) {
      if (!training) return x
      const flags = stay?.[name]
      if (flags === undefined) {
        throw new UserError(
          `The dropout ${name} was not told which units stay; train this network with the trainer, and score one without dropout.`,
        )
      }
      return x.mul(flags.cast('float32').mul(1 / (1 - rate)))
    },
  })
}

/** What a step takes for a model's dropout: by site, [batch, ...shape], 1 where a unit stays; nothing for other models. */
export function dropoutInputs({ dropout = [] }: Model, batchSize: number): SpecTree | undefined {
  if (dropout.length === 0) return undefined
  return Object.fromEntries(dropout.map(({ name, shape }) => [name, { shape: [batchSize, ...shape], dtype: 'uint8' }]))
}

/**
 * The flags of any steps, stacked: those of a site at iteration i come from the stream "dropout/step/<i>/<site>", so they do
 * not depend on where a run began or how it was cut.
 */
export function dropoutDraws(
  { dropout = [] }: Model,
  streams: Streams,
  batchSize: number,
): ((iteration: number, steps: number) => HostTree) | undefined {
  if (dropout.length === 0) return undefined
  const flagsOf = ({ name, shape, rate }: DropoutSite, iteration: number, steps: number): Uint8Array => {
    const units = batchSize * sizeOf(shape)
    const flags = new Uint8Array(steps * units)
    for (let step = 0; step < steps; step++) {
      flags.set(streams(`dropout/step/${iteration + step}/${name}`).flags(units, 1 - rate), step * units)
    }
    return flags
  }
  return (iteration, steps) => Object.fromEntries(dropout.map((site) => [site.name, flagsOf(site, iteration, steps)]))
}
