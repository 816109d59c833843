/** Drawing a model's first weights. */
import { type Streams, streams, within } from '../random/index.js'
import { type Initializer, type Model, type ParameterSpec, sizeOf, type Weights } from './model.js'

/** Gaussian Glorot: variance 2 / (fanIn + fanOut), not truncated (claims.md 1.b). */
export function glorotNormal(fanIn: number, fanOut: number): Initializer {
  return { kind: 'normal', std: Math.sqrt(2 / (fanIn + fanOut)) }
}

/** Gaussian Kaiming for ReLU: variance 2 / fan, of the inputs or of the outputs (He et al. 2015). */
export function kaimingNormal(fan: number): Initializer {
  return { kind: 'normal', std: Math.sqrt(2 / fan) }
}

/** Draws each parameter by its initializer from the stream of its name. */
export function initialise(parameters: readonly ParameterSpec[], from: Streams): Weights {
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, draw(parameter, from)]))
}

/** The weights of a run's first iteration: streams "init/<parameter>" of the run's seed. */
export function initialWeights(model: Model, seed: number): Weights {
  return model.init(within(streams(seed), 'init'))
}

function draw({ name, shape, initializer }: ParameterSpec, from: Streams): Float32Array {
  const size = sizeOf(shape)
  // Zeros that nobody reads cost nothing this way, as in planning, which only traces.
  if (initializer.kind === 'constant' && initializer.value === 0) return new Float32Array(size)
  if (initializer.kind === 'constant') return new Float32Array(size).fill(initializer.value)
  if (initializer.kind === 'uniform') return from(name).uniforms(size)
  return from(name)
    .normals(size)
    .map((normal) => normal * initializer.std)
}
