/** Residual networks of He et al. 2016 for small images: the CIFAR family (6n + 2 layers) and ResNet-18. */
import { z } from 'zod'
import { parseConfig } from '../config/index.js'
import { batchNorm } from './batch-norm.js'
import { type Build, chain, conv, dense, globalMean, identity, paddedShortcut, relu, residual } from './layers.js'
import type { Model } from './model.js'
import { batchNormScale, imageOptions, network } from './network.js'

export const resnetOptionsSchema = z.strictObject({
  ...imageOptions,
  /** Channels of the first stage; each further stage has twice as many. GraSP doubles it to 32. */
  width: z.int().min(1).default(16),
  /**
   * Where the shape changes: `projection` is option B, a 1x1 convolution with batch norm (Frankle & Carbin, open_lth,
   * SynFlow), `padding` option A, without parameters (He et al. on CIFAR-10).
   */
  shortcut: z.enum(['projection', 'padding']).default('projection'),
  batchNormScale: batchNormScale.default(1),
})
export type ResnetOptions = z.input<typeof resnetOptionsSchema>

/** ResNet-8 ... ResNet-56: three stages of (depth - 2) / 6 blocks. "Resnet-18" of Frankle & Carbin is ResNet-20. */
function cifarResnet(depth: 8 | 14 | 20 | 32 | 56, given: ResnetOptions = {}): Model {
  return resnet(`resnet-${depth}`, Array(3).fill((depth - 2) / 6), given)
}

/** ResNet-18 with a 3x3 convolution of stride 1 at the start and no pooling: 11.16 million weights on CIFAR-10. */
function resnet18(given: ResnetOptions = {}): Model {
  return resnet('resnet-18', [2, 2, 2, 2], { ...given, width: given.width ?? 64 })
}

function resnet(name: string, blocks: readonly number[], given: ResnetOptions): Model {
  const options = parseConfig(resnetOptionsSchema, given, `model ${name}`)
  const { width, shortcut, classes } = options
  const stages = blocks.flatMap((count, stage) =>
    Array.from({ length: count }, (_, i) => {
      const stride = stage > 0 && i === 0 ? 2 : 1
      return block(`stage${stage + 1}.block${i + 1}`, { channels: width * 2 ** stage, stride, shortcut })
    }),
  )
  return network(
    name,
    options,
    chain(
      conv('conv1', { channels: width, size: 3 }),
      batchNorm('bn1'),
      relu,
      ...stages,
      globalMean,
      dense('fc', classes, { output: true }),
    ),
  )
}

interface BlockOptions {
  readonly channels: number
  readonly stride: number
  readonly shortcut: 'projection' | 'padding'
}

/** Two 3x3 convolutions with batch norm, and ReLU after the first and after the sum. */
function block(name: string, { channels, stride, shortcut }: BlockOptions): Build {
  const main = chain(
    conv(`${name}.conv1`, { channels, size: 3, stride }),
    batchNorm(`${name}.bn1`),
    relu,
    conv(`${name}.conv2`, { channels, size: 3 }),
    batchNorm(`${name}.bn2`),
  )
  const projection = chain(
    conv(`${name}.shortcut`, { channels, size: 1, stride, shortcut: true }),
    batchNorm(`${name}.shortcut-bn`),
  )
  const changed = shortcut === 'projection' ? projection : paddedShortcut(channels, stride)
  return chain(residual(main, stride === 1 ? identity : changed), relu)
}

export const resnets = {
  'resnet-8': (options?: ResnetOptions) => cifarResnet(8, options),
  'resnet-14': (options?: ResnetOptions) => cifarResnet(14, options),
  'resnet-20': (options?: ResnetOptions) => cifarResnet(20, options),
  'resnet-32': (options?: ResnetOptions) => cifarResnet(32, options),
  'resnet-56': (options?: ResnetOptions) => cifarResnet(56, options),
  'resnet-18': (options?: ResnetOptions) => resnet18(options),
}
