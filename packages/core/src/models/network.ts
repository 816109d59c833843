/** From layers to a model: how parameters are drawn, and which of them a mask may cover. */
import type { tf } from '@winning-tickets/jit'
import { z } from 'zod'
import type { JsonObject } from '../config/index.js'
import { glorotNormal, initialise, kaimingNormal } from './initialise.js'
import type { Build, LayerParameter } from './layers.js'
import type { Initializer, Model, ModelMode, ParameterSpec, PrunablePolicy, TensorRecord } from './model.js'
import { covers, prunablePolicies } from './prunable.js'

const size = z.int().min(1)

/**
 * How kernels are drawn; biases are zero.
 * - `glorot`: Gaussian Glorot everywhere (Frankle & Carbin 2019; SNIP's VS-X).
 * - `kaiming`: Gaussian Kaiming by fan-in everywhere (open_lth, SynFlow).
 * - `kaiming-fan-out`: Gaussian Kaiming by fan-out for convolutions, N(0, 0.01) for dense layers (GraSP, Early-Bird).
 */
const initialisation = z.enum(['glorot', 'kaiming', 'kaiming-fan-out'])

/** Options that all networks on images have; families give their own defaults. */
export const imageOptions = {
  /** Height, width, channels. */
  inputShape: z.tuple([size, size, size]).default([32, 32, 3]),
  classes: size.default(10),
  initialisation: initialisation.default('kaiming'),
  prunable: z.enum(prunablePolicies).default('kernels'),
}

/** Batch norm's scales at the start: one number (Early-Bird 0.5), or uniform on [0, 1) as in open_lth. */
export const batchNormScale = z.union([z.number(), z.literal('uniform')])

interface NetworkOptions {
  readonly inputShape: readonly number[]
  readonly classes: number
  readonly initialisation: z.output<typeof initialisation>
  readonly prunable: PrunablePolicy
  readonly batchNormScale?: z.output<typeof batchNormScale>
}

/** The model of a registry name, its checked options, and its layers. */
export function network<Options extends NetworkOptions & JsonObject>(
  name: string,
  options: Options,
  build: Build,
): Model {
  const { inputShape, classes, prunable } = options
  const { parameters: parts, dropout = [], run } = build(inputShape)
  const parameters = parts.map(
    (part): ParameterSpec => ({ ...part, initializer: drawOf(part, options), prunable: covers(prunable, part) }),
  )

  function apply(
    weights: TensorRecord,
    x: tf.Tensor,
    { training, stay, between, statistics: of = 'running' }: ModelMode,
  ) {
    const statistics: Record<string, tf.Tensor> = {}
    const images = x.rank === inputShape.length + 1 ? x : x.reshape([x.shape[0]!, ...inputShape])
    const ownStatistics = of === 'batch'
    const output = run(images, { weights, training, statistics, ownStatistics, ...(stay && { stay }), between })
    return training ? { output, statistics } : { output }
  }

  return {
    name,
    config: { name, ...options },
    inputShape,
    classes,
    prunablePolicy: prunable,
    parameters,
    ...(dropout.length > 0 && { dropout }),
    init: (streams) => initialise(parameters, streams),
    apply,
  }
}

function drawOf(part: LayerParameter, { initialisation, batchNormScale = 1 }: NetworkOptions): Initializer {
  if (part.role === 'variance') return { kind: 'constant', value: 1 }
  if (part.role === 'scale') {
    return batchNormScale === 'uniform' ? { kind: 'uniform' } : { kind: 'constant', value: batchNormScale }
  }
  if (part.role !== 'kernel') return { kind: 'constant', value: 0 }
  switch (initialisation) {
    case 'glorot':
      return glorotNormal(part.fanIn, part.fanOut)
    case 'kaiming':
      return kaimingNormal(part.fanIn)
    case 'kaiming-fan-out':
      return part.kind === 'conv' ? kaimingNormal(part.fanOut) : { kind: 'normal', std: 0.01 }
  }
}
