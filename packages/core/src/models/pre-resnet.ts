/** Pre-activation bottleneck networks (He et al. 2016b) as network slimming and Early-Bird have them (claims.md 4.b). */
import { z } from 'zod'
import { parseConfig } from '../config/index.js'
import { batchNorm } from './batch-norm.js'
import { type Build, chain, conv, identity, relu, residual } from './layers.js'
import type { Model } from './model.js'
import { batchNormScale, imageOptions, network } from './network.js'
import { preActivated } from './pre-activation.js'

export const preResnetOptionsSchema = z.strictObject({
  ...imageOptions,
  initialisation: imageOptions.initialisation.default('kaiming-fan-out'),
  /** Channels of the first convolution and of the first stage's bottlenecks, whose outputs have four times as many. */
  width: z.int().min(1).default(16),
  batchNormScale: batchNormScale.default(0.5),
})
export type PreResnetOptions = z.input<typeof preResnetOptionsSchema>

/**
 * Three stages of (depth - 2) / 9 bottlenecks. Early-Bird's channel-selection layers are left out: they select all
 * channels until a network is compacted.
 */
function preResnet(depth: 11 | 20 | 56 | 101 | 164, given: PreResnetOptions = {}): Model {
  const name = `preresnet-${depth}`
  const options = parseConfig(preResnetOptionsSchema, given, `model ${name}`)
  const stages = preActivated(options, (depth - 2) / 9, ({ name, stage, stride, first }) =>
    bottleneck(name, { channels: options.width * 2 ** stage, stride, projected: first }),
  )
  return network(name, options, stages)
}

interface BottleneckOptions {
  readonly channels: number
  readonly stride: number
  /** The first of a stage: its shortcut is a 1x1 convolution of the block's input, without batch norm. */
  readonly projected: boolean
}

/** Batch norm and ReLU before each of a 1x1, a 3x3 and a 1x1 convolution. */
function bottleneck(name: string, { channels, stride, projected }: BottleneckOptions): Build {
  const activation = (number: number) => chain(batchNorm(`${name}.bn${number}`), relu)
  const main = chain(
    activation(1),
    conv(`${name}.conv1`, { channels, size: 1 }),
    activation(2),
    conv(`${name}.conv2`, { channels, size: 3, stride }),
    activation(3),
    conv(`${name}.conv3`, { channels: 4 * channels, size: 1 }),
  )
  const shortcut = conv(`${name}.shortcut`, { channels: 4 * channels, size: 1, stride, shortcut: true })
  return residual(main, projected ? shortcut : identity)
}

export const preResnets = {
  'preresnet-11': (options?: PreResnetOptions) => preResnet(11, options),
  'preresnet-20': (options?: PreResnetOptions) => preResnet(20, options),
  'preresnet-56': (options?: PreResnetOptions) => preResnet(56, options),
  'preresnet-101': (options?: PreResnetOptions) => preResnet(101, options),
  'preresnet-164': (options?: PreResnetOptions) => preResnet(164, options),
}
