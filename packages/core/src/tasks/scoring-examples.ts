/** Drawing the examples that scores are computed on, as claims.md 13 asks: from training data, by a stream of their own, as they are. */
import { drawOfEachClass } from '../data/index.js'
import { UserError } from '../errors.js'
import { sizeOf } from '../models/index.js'
import type { Streams } from '../random/index.js'
import type { ClassificationData, ClassificationOptions } from './classification.js'
import type { ScoringExamples, ScoringSetSize } from './task.js'

/** @throws UserError if there are not that many examples */
export function scoringExamples(
  { shape, classes, splits: { train } }: ClassificationData,
  { mean = [0], std = [1] }: Pick<ClassificationOptions, 'mean' | 'std'>,
  streams: Streams,
  wanted: ScoringSetSize,
  times = 1,
): ScoringExamples {
  const draw = streams('scoring')
  const all = Int32Array.from({ length: train.count }, (_, i) => i)
  const indices =
    'perClass' in wanted
      ? inTurns(drawOfEachClass(draw, all, { labels: train.labels, classes }, wanted.perClass * times), times)
      : firstOf(draw.shuffle(all), wanted.batch * times)

  /** Classes one after the other, each divided into as many parts; then the first parts of all classes, the second ... */
  function inTurns(drawn: Int32Array, parts: number): Int32Array {
    const ofClass = Array.from({ length: classes }, (_, label) => drawn.filter((i) => train.labels[i] === label))
    const turns = Array.from({ length: parts }, (_, part) =>
      ofClass.flatMap((members) => [...members.filter((_, i) => i % parts === part)]),
    )
    return Int32Array.from(turns.flat())
  }

  const size = sizeOf(shape)
  const images = new Uint8Array(indices.length * size)
  for (const [to, from] of indices.entries())
    images.set(train.images.subarray(from * size, (from + 1) * size), to * size)
  const labels = Uint8Array.from(indices, (index) => train.labels[index]!)
  return { indices, labels, inputs: normalised(images, mean, std), batch: { images, labels } }
}

function firstOf(order: Int32Array, count: number): Int32Array {
  if (count <= order.length) return order.slice(0, count)
  throw new UserError(`Scores cannot be computed on ${count} examples: there are ${order.length}; ask for fewer.`)
}

/** What the objective makes of bytes, in the same single-precision steps. */
function normalised(images: Uint8Array, mean: readonly number[], std: readonly number[]): Float32Array {
  const inputs = Float32Array.from(images, (byte) => byte * Math.fround(1 / 255))
  if (mean.every((value) => value === 0) && std.every((value) => value === 1)) return inputs
  const means = Float32Array.from(mean)
  const scales = Float32Array.from(std, (value) => 1 / value)
  return inputs.map((value, i) => Math.fround(value - means[i % means.length]!) * scales[i % scales.length]!)
}
