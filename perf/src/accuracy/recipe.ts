/** The recipe of the comparison, which both sides read. */
import { normalisations } from '@winning-tickets/core'

/** ResNet-20 as in He et al. 2016 on CIFAR-10 (SGD, drops at 50% and 75%), on a part of the training images. */
export interface AccuracyRecipe {
  readonly model: 'resnet-20'
  readonly dataset: string
  /** Training images; with `validation` others held out, both by core's split of seed 0. */
  readonly train: number
  readonly validation: number
  readonly epochs: number
  readonly batchSize: number
  /** Full batches in all epochs; what is left over at the end of an epoch is dropped. */
  readonly iterations: number
  readonly learningRate: number
  /** Iterations at which the rate falls to a tenth. */
  readonly drops: readonly number[]
  readonly momentum: number
  readonly weightDecay: number
  /** Mirrored half of the time, then cut out of the image with so many black pixels on each side. */
  readonly flip: boolean
  readonly pad: number
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

export function accuracyRecipe({ quick = false }: { readonly quick?: boolean } = {}): AccuracyRecipe {
  const [train, epochs, batchSize] = quick ? [128, 2, 32] : [10_000, 20, 128]
  const iterations = epochs * Math.floor(train / batchSize)
  return {
    model: 'resnet-20',
    dataset: 'cifar10-jpeg',
    train,
    validation: quick ? 100 : 1000,
    epochs,
    batchSize,
    iterations,
    learningRate: 0.1,
    drops: [Math.floor(iterations / 2), Math.floor((iterations * 3) / 4)],
    momentum: 0.9,
    weightDecay: 1e-4,
    flip: true,
    pad: 4,
    ...normalisations.cifar10,
  }
}
