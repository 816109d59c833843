/** Training data that mean nothing, to find a mask on: what Su et al. (2020) call corrupted (claims.md 8.2, data checks i and ii). */
import type { Examples } from '../data/index.js'
import type { Streams } from '../random/index.js'
import type { SpoilSource } from './spoil.js'

/**
 * As many examples, each with its pixels permuted and a random label: only the grey levels of an image are left of it. Streams
 * "corrupt/pixels" (image by image) and "corrupt/labels".
 */
export function corruptExamples({ examples, classes }: SpoilSource, streams: Streams): Examples {
  const { images, count } = examples
  const size = images.length / count
  const draw = streams('corrupt/pixels')
  const permuted = images.slice()
  for (let i = 0; i < count; i++) draw.shuffle(permuted.subarray(i * size, (i + 1) * size))
  return { images: permuted, labels: Uint8Array.from(streams('corrupt/labels').integers(count, classes)), count }
}
