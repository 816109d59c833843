/** What networks with pre-activated residual blocks have in common: three stages, and the last activation after them. */
import { batchNorm } from './batch-norm.js'
import { type Build, chain, conv, dense, globalMean, relu } from './layers.js'

export interface BlockPlace {
  readonly name: string
  /** From 0; each further stage has twice the channels and half the side. */
  readonly stage: number
  readonly stride: 1 | 2
  /** Whether it is the first of its stage. */
  readonly first: boolean
}

/** A 3x3 convolution, three stages of blocks, batch norm and ReLU, the mean over the image, and the output layer. */
export function preActivated(
  { width, classes }: { readonly width: number; readonly classes: number },
  blocksPerStage: number,
  block: (place: BlockPlace) => Build,
): Build {
  const stages = [0, 1, 2].flatMap((stage) =>
    Array.from({ length: blocksPerStage }, (_, i) => {
      const first = i === 0
      return block({ name: `stage${stage + 1}.block${i + 1}`, stage, stride: stage > 0 && first ? 2 : 1, first })
    }),
  )
  return chain(
    conv('conv1', { channels: width, size: 3 }),
    ...stages,
    batchNorm('bn'),
    relu,
    globalMean,
    dense('fc', classes, { output: true }),
  )
}
