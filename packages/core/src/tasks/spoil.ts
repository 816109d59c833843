/** Training data that are spoilt for a part of the run: blurred images, or labels that mean nothing (EARLY-1). */
import { z } from 'zod'
import type { Examples } from '../data/index.js'
import type { Streams } from '../random/index.js'
import { lowPass } from './filter.js'

export const spoilSchema = z
  .strictObject({
    /** `blur`: images as `lowPass` leaves them. `labels`: each example has one random class for the whole window. */
    what: z.enum(['blur', 'labels']),
    /** The window, in iterations: from the first to before the last. */
    from: z.int().min(0),
    to: z.int().min(1),
    /** Version of the rule; whoever changes its numbers adds a version. */
    rule: z.literal(1).default(1),
  })
  .refine(({ from, to }) => to > from, { path: ['to'], message: 'the window is empty; leave spoil out' })

export type Spoil = z.output<typeof spoilSchema>
export type SpoilInput = z.input<typeof spoilSchema>

/** What the spoilt examples are of. */
export interface SpoilSource {
  readonly examples: Examples
  readonly shape: readonly number[]
  readonly classes: number
}

const blurred = new WeakMap<Uint8Array, Uint8Array>()

/**
 * The examples, then the same ones spoilt: example i is spoilt at count + i. Labels come from the stream "spoil/labels".
 *
 * @throws UserError for images that cannot be blurred
 */
export function withSpoilt({ examples, shape, classes }: SpoilSource, { what }: Spoil, streams: Streams): Examples {
  const { images, labels, count } = examples
  let spoilt = images
  if (what === 'blur') {
    spoilt = blurred.get(images) ?? lowPass(images, shape)
    blurred.set(images, spoilt)
  }
  const random = what === 'labels' ? streams('spoil/labels').integers(count, classes) : labels
  return { images: joined(images, spoilt), labels: joined(labels, random), count: 2 * count }
}

/** An order of examples in which those of iterations inside the window are the spoilt ones. */
export function spoiltOrder(
  order: (iteration: number, steps: number) => Int32Array,
  { from, to }: Spoil,
  count: number,
): (iteration: number, steps: number) => Int32Array {
  return (iteration, steps) => {
    const indices = order(iteration, steps)
    const batch = indices.length / steps
    return indices.map((index, i) => {
      const at = iteration + Math.floor(i / batch)
      return at >= from && at < to ? index + count : index
    })
  }
}

function joined(first: Uint8Array, second: ArrayLike<number>): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
