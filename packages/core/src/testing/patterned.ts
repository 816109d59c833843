/** For tests against other programs: weights and images from integer formulas that tools/oracles/small_nets.py has too. */
import { type Model, type ParameterSpec, sizeOf, type Weights } from '../models/index.js'
import type { ClassificationData } from '../tasks/index.js'

/** Numbers in [-1, 1]. */
function pattern(count: number, salt: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => ((i * 7919 + salt * 10007 + 13 * i * i) % 2003) / 1001 - 1)
}

/** Kernels of about 1/sqrt(fan-in), and biases and batch norm that are not trivial. */
export function patternedWeights(model: Model): Weights {
  const value = (u: number, { role, fanIn }: ParameterSpec): number => {
    if (role === 'kernel') return u / Math.sqrt(fanIn)
    if (role === 'scale') return 1 + 0.3 * u
    return role === 'variance' ? 1 + 0.5 * u : 0.1 * u
  }
  return Object.fromEntries(
    model.parameters.map((parameter, salt) => [
      parameter.name,
      Float32Array.from(pattern(sizeOf(parameter.shape), salt), (u) => value(u, parameter)),
    ]),
  )
}

/** Images whose bytes follow a formula, labelled 0 1 2 ... 0 1 2 ...; the three splits are the same. */
export function patternedData(shape: readonly number[], classes: number, count: number): ClassificationData {
  const images = Uint8Array.from({ length: count * sizeOf(shape) }, (_, i) => (i * 31 + ((i * i) % 251) * 7) % 256)
  const examples = { images, labels: Uint8Array.from({ length: count }, (_, i) => i % classes), count }
  const splits = { train: examples, validation: examples, test: examples }
  return { name: 'patterned', shape, classes, splits, id: `patterned ${shape} ${classes} ${count}` }
}
