/** The stage that sums saliencies around neurons and over layers of a chain of layers, in doubles (claims.md 7.a, Theorems 1 and 2). */

import {
  coreSemantics,
  drawScoringExamples,
  initialWeights,
  lossGradients,
  type Model,
  meanOverParts,
  prunableParameters,
  type ScoreContext,
  type Scores,
  streams,
  UserError,
  type Weights,
} from '@winning-tickets/core'
import { hessianGradient } from '@winning-tickets/grasp'
import {
  buildModel,
  canonicalJson,
  dataHashOf,
  dataSchema,
  encodeNeurons,
  forwardSeconds,
  modelSchema,
  type NeuronSums,
  objectiveOf,
  type StageKind,
  taskOf,
  tracedScoring,
} from '@winning-tickets/harness'
import { createEngine, tf } from '@winning-tickets/jit'
import { synapticFlow } from '@winning-tickets/synflow'
import { z } from 'zod'

const schema = z.strictObject({
  data: dataSchema,
  model: modelSchema,
  seed: z.int().min(0),
  /** Examples of each class. */
  perClass: z.int().min(1),
})
type Config = z.output<typeof schema>
type ConfigInput = z.input<typeof schema>

/**
 * Saliencies, each dR/dtheta . theta of some R, or what resembles one:
 * - `synflow`: R is the flow. `snip`: R is the loss; SNIP ranks by the magnitude of this.
 * - `grasp-type`: R = <dL/dy, y>, which the paper names as GraSP's relative. `grasp`: theta . Hg itself.
 */
export const SALIENCIES = ['synflow', 'snip', 'grasp-type', 'grasp'] as const
export type Saliency = (typeof SALIENCIES)[number]

/** Neurons of each layer, the first ones, of which both sums are kept for the report. */
const SHOWN = 32

/** Metrics: "layers/<saliency>" and "neurons/<saliency>", the relative errors of conservation. Artifact: "neurons". */
export const conservationKind: StageKind<Config, ConfigInput> = {
  name: 'synflow/conservation',
  schema,
  semantics: {
    generator: coreSemantics.generator,
    initialisation: coreSemantics.initialisation,
    split: coreSemantics.split,
    /** Saliencies, sums and errors. */
    conservation: 1,
    /** What is kept of neurons. */
    neurons: 1,
  },
  evidence: ['neurons'],
  identity: async (config) => ({ dataHash: dataHashOf(config), traceHashes: await traceHashesOf(config) }),
  cost({ model, perClass }) {
    const network = buildModel(model)
    // Doubles take some fifteen times as long; GraSP's two kinds differentiate twice.
    return { steps: SALIENCIES.length, seconds: 15 * 24 * perClass * (network.classes ?? 1) * forwardSeconds(network) }
  },
  async run({ config, cache, progress }) {
    const model = buildModel(config.model)
    const task = await taskOf(config, cache)
    const engine = await createEngine({ precision: 'float64' })
    try {
      const context: ScoreContext = {
        model,
        task: task.plain ?? task,
        engine,
        streams: streams(config.seed),
        weights: initialWeights(model, config.seed),
        mask: {},
      }
      const metrics: Record<string, number> = {}
      const shown: Record<string, NeuronSums> = {}
      for (const [i, name] of SALIENCIES.entries()) {
        const saliency = await saliencyOf(name, context, config.perClass)
        const errors = conservationErrors(model, saliency)
        const layers = neuronSums(model, saliency)
        const first = (side: keyof NeuronSums) => layers.flatMap((sums) => [...sums[side].slice(0, SHOWN)])
        shown[name] = { incoming: first('incoming'), outgoing: first('outgoing') }
        metrics[`layers/${name}`] = errors.layers
        metrics[`neurons/${name}`] = errors.neurons
        progress({ step: i + 1, steps: SALIENCIES.length })
      }
      const artifacts = { neurons: encodeNeurons(shown) }
      return { result: { metrics }, artifacts, observed: { engine: engine.description } }
    } finally {
      await engine.dispose()
    }
  },
}

const traced = new Map<string, Promise<Readonly<Record<string, string>>>>()

/** Traces each setting once a process. */
function traceHashesOf({ data, model: chosen, perClass }: Config): Promise<Readonly<Record<string, string>>> {
  const key = canonicalJson({ data, model: chosen, perClass }, 'The setting of a conservation stage')
  let hashes = traced.get(key)
  if (hashes === undefined) {
    const [model, objective] = [buildModel(chosen), objectiveOf({ data })]
    const each = SALIENCIES.map((name) =>
      tracedScoring(name, model, objective, (context) => saliencyOf(name, context, perClass)),
    )
    hashes = Promise.all(each).then((all) => Object.assign({}, ...all) as Readonly<Record<string, string>>)
    traced.set(key, hashes)
  }
  return hashes
}

/** Signed saliencies of the kernels. */
export async function saliencyOf(name: Saliency, context: ScoreContext, perClass: number): Promise<Scores> {
  const { engine, model, weights } = context
  if (name === 'synflow') return synapticFlow(engine, model, weights)
  const setting = {
    examples: drawScoringExamples(context, { perClass }),
    parts: 1,
    batchNorm: 'eval' as const,
    temperature: 1,
  }
  if (name === 'snip') return times(weights, await lossGradients(context, setting))
  if (name === 'grasp') return times(weights, await hessianGradient(context, setting))
  // A dense output layer whose biases are zero: <dL/dy, y> = <dL/dW, W>.
  const slopes = await meanOverParts(context, setting, 'loss-along-outputs', (loss, at) =>
    tf.grads((...tensors) => tf.grads(loss)(tensors).at(-1)!.mul(tensors.at(-1)!).sum() as tf.Scalar)(at),
  )
  return times(weights, slopes)
}

function times(weights: Weights, slopes: Scores): Scores {
  return Object.fromEntries(
    Object.entries(slopes).map(([name, slope]) => [
      name,
      Float64Array.from(slope, (value, i) => value * weights[name]![i]!),
    ]),
  )
}

/**
 * How far saliency is from being conserved, through kernels that follow each other in a chain, as those of VGG do.
 * - layers: the largest difference between two layers' sums, relative to the largest sum.
 * - neurons: the largest difference of a hidden neuron's incoming and outgoing sums, relative to the largest of its layer.
 *
 * @throws UserError if a layer does not have as many inputs as the one before it has outputs
 */
export function conservationErrors(
  model: Model,
  saliency: Scores,
): { readonly layers: number; readonly neurons: number } {
  const sums = prunableParameters(model).map(({ name }) => total(saliency[name]!))
  const largest = Math.max(...sums.map(Math.abs))
  const layers = (Math.max(...sums) - Math.min(...sums)) / largest
  const neurons = neuronSums(model, saliency).map(({ incoming, outgoing }) => {
    const most = incoming.reduce((max, sum) => Math.max(max, Math.abs(sum)), 0)
    return incoming.reduce((max, sum, c) => Math.max(max, Math.abs(sum - outgoing[c]!)), 0) / most
  })
  return { layers, neurons: Math.max(...neurons) }
}

/**
 * The sums of saliency over what comes into each hidden neuron and over what leaves it, layer by layer.
 *
 * @throws UserError if a layer does not have as many inputs as the one before it has outputs
 */
export function neuronSums(model: Model, saliency: Scores) {
  const kernels = prunableParameters(model).map(({ name, shape }) => {
    const [inputs, outputs] = shape.slice(-2) as [number, number]
    return { name, inputs, outputs, values: saliency[name]! }
  })
  return kernels.slice(1).map(({ name, inputs, outputs, values }, i) => {
    const before = kernels[i]!
    if (before.outputs !== inputs) {
      throw new UserError(
        `${name} does not take what ${before.name} gives, so its neurons cannot be balanced; use a chain such as vgg-16.`,
      )
    }
    const incoming = new Float64Array(inputs)
    const outgoing = new Float64Array(inputs)
    for (let k = 0; k < before.values.length; k++) incoming[k % inputs]! += before.values[k]!
    for (let k = 0; k < values.length; k++) outgoing[Math.floor(k / outputs) % inputs]! += values[k]!
    return { incoming, outgoing }
  })
}

function total(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum
}
