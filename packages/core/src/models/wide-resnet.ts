/** Wide residual networks (Zagoruyko & Komodakis 2016), in SNIP as WRN-16-8, WRN-16-10 and WRN-22-8 (claims.md 5.b). */
import { z } from 'zod'
import { parseConfig } from '../config/index.js'
import { batchNorm } from './batch-norm.js'
import { type Build, chain, conv, identity, relu, residual } from './layers.js'
import type { Model } from './model.js'
import { batchNormScale, imageOptions, network } from './network.js'
import { preActivated } from './pre-activation.js'

export const wideResnetOptionsSchema = z.strictObject({
  ...imageOptions,
  /** Channels of the first convolution; the first stage has `widen` times as many, each further stage twice as many. */
  width: z.int().min(1).default(16),
  batchNormScale: batchNormScale.default(1),
})
export type WideResnetOptions = z.input<typeof wideResnetOptionsSchema>

/** WRN-<depth>-<widen>: three stages of (depth - 4) / 6 blocks, without dropout. */
function wideResnet(depth: 16 | 22, widen: number, given: WideResnetOptions = {}): Model {
  const name = `wrn-${depth}-${widen}`
  const options = parseConfig(wideResnetOptionsSchema, given, `model ${name}`)
  const stages = preActivated(options, (depth - 4) / 6, ({ name, stage, stride }) =>
    block(name, { channels: options.width * widen * 2 ** stage, stride }),
  )
  return network(name, options, stages)
}

/**
 * Batch norm and ReLU before each of two 3x3 convolutions. Where the shape changes, the shortcut is a 1x1 convolution of
 * what the first ReLU gives; else it is the block's input.
 */
function block(name: string, { channels, stride }: { readonly channels: number; readonly stride: number }): Build {
  return (input) => {
    const start = chain(batchNorm(`${name}.bn1`), relu)
    const rest = chain(
      conv(`${name}.conv1`, { channels, size: 3, stride }),
      batchNorm(`${name}.bn2`),
      relu,
      conv(`${name}.conv2`, { channels, size: 3 }),
    )
    if (stride === 1 && input[2] === channels) return residual(chain(start, rest), identity)(input)
    return chain(start, residual(rest, conv(`${name}.shortcut`, { channels, size: 1, stride, shortcut: true })))(input)
  }
}

export const wideResnets = {
  'wrn-16-8': (options?: WideResnetOptions) => wideResnet(16, 8, options),
  'wrn-16-10': (options?: WideResnetOptions) => wideResnet(16, 10, options),
  'wrn-22-8': (options?: WideResnetOptions) => wideResnet(22, 8, options),
}
