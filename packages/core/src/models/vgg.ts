/** VGG for small images: the convolutions of Simonyan & Zisserman 2015, one mean over positions, one dense layer. */
import { z } from 'zod'
import { parseConfig } from '../config/index.js'
import { batchNorm } from './batch-norm.js'
import { type Build, chain, conv, dense, globalMean, maxPool, relu } from './layers.js'
import type { Model } from './model.js'
import { batchNormScale, imageOptions, network } from './network.js'
import { scaled, widthMultiplier } from './width.js'

export const vggOptionsSchema = z.strictObject({
  ...imageOptions,
  widthMultiplier,
  /** Batch norm after each convolution, which then has no bias. */
  batchNorm: z.boolean().default(true),
  batchNormScale: batchNormScale.default(1),
})
export type VggOptions = z.input<typeof vggOptionsSchema>

type VggDepth = 11 | 13 | 16 | 19

/** Convolutions in each block; blocks are pooled, all but the last (claims.md 1.b; GraSP, SynFlow and Early-Bird alike). */
const CONVOLUTIONS: Readonly<Record<VggDepth, readonly number[]>> = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
}
const CHANNELS = [64, 128, 256, 512, 512] as const

/** VGG-11, -13, -16 or -19: 9.22, 9.40, 14.7 or 20.0 million weights on CIFAR-10. */
function vgg(depth: VggDepth, given: VggOptions = {}): Model {
  const name = `vgg-${depth}`
  const options = parseConfig(vggOptionsSchema, given, `model ${name}`)
  const layers: Build[] = []
  let number = 0
  for (const [block, convolutions] of CONVOLUTIONS[depth].entries()) {
    if (block > 0) layers.push(maxPool)
    const channels = scaled(CHANNELS[block]!, options.widthMultiplier)
    for (let i = 0; i < convolutions; i++) {
      number++
      layers.push(conv(`conv${number}`, { channels, size: 3, bias: !options.batchNorm }))
      if (options.batchNorm) layers.push(batchNorm(`bn${number}`))
      layers.push(relu)
    }
  }
  return network(name, options, chain(...layers, globalMean, dense('fc', options.classes, { output: true })))
}

export const vggs = {
  'vgg-11': (options?: VggOptions) => vgg(11, options),
  'vgg-13': (options?: VggOptions) => vgg(13, options),
  'vgg-16': (options?: VggOptions) => vgg(16, options),
  'vgg-19': (options?: VggOptions) => vgg(19, options),
}
