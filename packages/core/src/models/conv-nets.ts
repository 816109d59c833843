/** Conv-2, Conv-4 and Conv-6: the convolutional networks of Frankle & Carbin 2019 without batch norm (claims.md 1.b). */
import { z } from 'zod'
import { parseConfig } from '../config/index.js'
import { dropout, dropoutRate } from './dropout.js'
import { type Build, chain, conv, dense, flatten, maxPool, relu } from './layers.js'
import type { Model } from './model.js'
import { imageOptions, network } from './network.js'
import { scaled, widthMultiplier } from './width.js'

export const convNetOptionsSchema = z.strictObject({
  ...imageOptions,
  initialisation: imageOptions.initialisation.default('glorot'),
  widthMultiplier,
  /** Of the units of the two hidden dense layers, where the paper does not say of which (0.5 there). */
  dropout: dropoutRate,
})
export type ConvNetOptions = z.input<typeof convNetOptionsSchema>

/** Channels of the pairs of convolutions. */
const CHANNELS = [64, 128, 256] as const
const HIDDEN = [256, 256] as const

/**
 * Pairs of 3x3 convolutions, each pair pooled, then three dense layers: 4,300,992, 2,425,024 and 2,261,184 weights for one,
 * two and three pairs.
 */
function convNet(pairs: 1 | 2 | 3, given: ConvNetOptions = {}): Model {
  const name = `conv-${2 * pairs}`
  const options = parseConfig(convNetOptionsSchema, given, `model ${name}`)
  const widthOf = (width: number): number => scaled(width, options.widthMultiplier)
  const convolution = (number: number, channels: number): Build[] => [
    conv(`conv${number}`, { channels, size: 3, bias: true }),
    relu,
  ]
  const features = CHANNELS.slice(0, pairs).flatMap((channels, i) => [
    ...convolution(2 * i + 1, widthOf(channels)),
    ...convolution(2 * i + 2, widthOf(channels)),
    maxPool,
  ])
  const { dropout: rate } = options
  const hidden = HIDDEN.flatMap((units, i) => [
    dense(`fc${i + 1}`, widthOf(units)),
    relu,
    ...(rate === undefined ? [] : [dropout(`fc${i + 1}`, rate)]),
  ])
  const output = dense(`fc${HIDDEN.length + 1}`, options.classes, { output: true })
  return network(name, options, chain(...features, flatten, ...hidden, output))
}

export const convNets = {
  'conv-2': (options?: ConvNetOptions) => convNet(1, options),
  'conv-4': (options?: ConvNetOptions) => convNet(2, options),
  'conv-6': (options?: ConvNetOptions) => convNet(3, options),
}
