/** Our scoring: from weights to the mask of a method, as its `findTicket` does after the weights are drawn. */
import {
  type ClassificationData,
  classificationTask,
  countKept,
  denseMasks,
  type Examples,
  evenTarget,
  exponentialDensities,
  initialWeights,
  type JsonObject,
  type MaskedWeights,
  type Masks,
  maskWeights,
  model,
  prunableParameters,
  type ScoreContext,
  type Scored,
  type Scores,
  type ScoringMethod,
  type ScoringOptions,
  select,
  sizeOf,
  stream,
  streams,
} from '@winning-tickets/core'
import { grasp } from '@winning-tickets/grasp'
import { createEngine, type Engine } from '@winning-tickets/jit'
import { snip } from '@winning-tickets/snip'
import { synflow } from '@winning-tickets/synflow'
import type { Run, ScoreWork } from './work.js'

const CLASSES = 10

/** Finds a mask from the same weights as often as it is asked. */
export async function scoringRun(given: Engine, work: ScoreWork): Promise<Run> {
  const { precision, density, rounds } = work
  const { threads } = given
  const engine = precision === 'float32' ? given : await createEngine({ precision, threads })
  const network = model(work.model)
  const task = classificationTask(syntheticData(network.inputShape, work.examples))
  const initial = initialWeights(network, 0)
  const kernels = prunableParameters(network)
  const wanted = Math.round(density * kernels.reduce((sum, { shape }) => sum + sizeOf(shape), 0))
  const score = scoreOf(work)
  const common = { model: network, task, engine, streams: streams(0) }
  // Compiles the graph.
  await score({ ...common, weights: initial, mask: denseMasks(network) })

  async function find(): Promise<Masks> {
    let mask: Masks = denseMasks(network)
    let masked: MaskedWeights | undefined
    let into: Scores = {}
    for (const target of exponentialDensities(density, rounds)) {
      masked = { weights: maskWeights(initial, mask, masked), masks: mask }
      const { scores } = await score({ ...common, weights: masked.weights, mask, into })
      into = scores
      mask = select(scores, evenTarget('global', target, Object.keys(scores)), mask)
    }
    return mask
  }

  return {
    parameters: network.parameters.reduce((sum, { trainable, shape }) => sum + (trainable ? sizeOf(shape) : 0), 0),
    async seconds(steps) {
      let kept = 0
      const began = performance.now()
      for (let step = 0; step < steps; step++) {
        const mask = await find()
        kept = Object.values(mask).reduce((sum, flags) => sum + countKept(flags), 0)
      }
      const seconds = (performance.now() - began) / 1000
      if (kept !== wanted)
        throw new Error(`a step kept ${kept} weights instead of ${wanted}, so its time means nothing`)
      return seconds
    },
  }
}

/** The method's score with its paper's options. */
function scoreOf({ method, density, rounds, precision, batch }: ScoreWork): (context: ScoreContext) => Promise<Scored> {
  switch (method) {
    case 'snip':
      return withOptions(snip, { density, rounds, examples: { batch } })
    case 'grasp':
      return withOptions(grasp, { density, rounds, examples: { perClass: batch / CLASSES } })
    case 'synflow':
      return withOptions(synflow, { density, rounds, precision })
  }
}

function withOptions<Options extends ScoringOptions & JsonObject>(
  method: ScoringMethod<Options>,
  given: JsonObject,
): (context: ScoreContext) => Promise<Scored> {
  const options = method.options.parse(given)
  return (context) => method.score(context, options)
}

/** Random images, as many of each class. */
function syntheticData(shape: readonly number[], count: number): ClassificationData {
  const examples = (split: string, count: number): Examples => ({
    images: Uint8Array.from(stream(0, `perf/${split}`).integers(count * sizeOf(shape), 256)),
    labels: Uint8Array.from({ length: count }, (_, i) => i % CLASSES),
    count,
  })
  const splits = { train: examples('train', count), validation: examples('validation', 1), test: examples('test', 1) }
  return { name: 'perf', shape, classes: CLASSES, splits, id: 'perf' }
}
