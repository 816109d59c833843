/** LeNet-5-Caffe, the small convolutional network of SNIP (claims.md 5.b). */
import { z } from 'zod'
import { parseConfig } from '../config/index.js'
import { chain, conv, dense, flatten, maxPool, relu } from './layers.js'
import type { Model } from './model.js'
import { imageOptions, network } from './network.js'

export const lenet5OptionsSchema = z.strictObject({
  ...imageOptions,
  inputShape: imageOptions.inputShape.default([28, 28, 1]),
  initialisation: imageOptions.initialisation.default('glorot'),
  /** Channels of the two 5x5 convolutions, and units of the hidden layer. */
  channels: z.tuple([z.int().min(1), z.int().min(1)]).default([20, 50]),
  hidden: z.int().min(1).default(500),
})
export type Lenet5Options = z.input<typeof lenet5OptionsSchema>

/**
 * 430,500 weights, 431,080 parameters. Convolutions without padding, each pooled; the only ReLU follows the hidden dense
 * layer, as in Caffe's definition and in SNIP's code.
 */
export function lenet5(given: Lenet5Options = {}): Model {
  const name = 'lenet-5-caffe'
  const options = parseConfig(lenet5OptionsSchema, given, `model ${name}`)
  const [first, second] = options.channels
  const unpadded = { size: 5, padding: 0, bias: true }
  return network(
    name,
    options,
    chain(
      conv('conv1', { channels: first, ...unpadded }),
      maxPool,
      conv('conv2', { channels: second, ...unpadded }),
      maxPool,
      flatten,
      dense('fc1', options.hidden),
      relu,
      dense('fc2', options.classes, { output: true }),
    ),
  )
}
