/** Layers of convolutional networks: what they hold, what they give, and how they join. Images are [batch, height, width, channels]. */
import { tf } from '@winning-tickets/jit'
import { UserError } from '../errors.js'
import { type DropoutSite, type ParameterSpec, sizeOf, type TensorRecord } from './model.js'

/** Of one example: [height, width, channels] of an image, [features] of a vector. */
export type Shape = readonly number[]

/** A parameter before the network decides how it is drawn and whether it may be pruned. */
export type LayerParameter = Omit<ParameterSpec, 'initializer' | 'prunable'>

/** One evaluation of a network. */
export interface Call {
  readonly weights: TensorRecord
  readonly training: boolean
  /** Which units stay, by dropout site; see `ModelMode`. */
  readonly stay?: TensorRecord
  /** Where layers leave the new values of their statistics, in training. */
  readonly statistics: Record<string, tf.Tensor>
  /** See `ModelMode`. */
  readonly between?: (activation: tf.Tensor) => tf.Tensor
  /** Whether these values are the batch's own instead of running averages. */
  readonly ownStatistics: boolean
}

export interface Layer {
  readonly parameters: readonly LayerParameter[]
  readonly output: Shape
  /** Where it drops units, if it does. */
  readonly dropout?: readonly DropoutSite[]
  run(x: tf.Tensor, call: Call): tf.Tensor
}

/** A layer that is still to learn the shape of its input. */
export type Build = (input: Shape) => Layer

/** One after the other. */
export function chain(...builds: readonly Build[]): Build {
  return (input) => {
    const layers: Layer[] = []
    for (const build of builds) layers.push(build(layers.at(-1)?.output ?? input))
    return {
      parameters: layers.flatMap(({ parameters }) => parameters),
      output: layers.at(-1)?.output ?? input,
      dropout: layers.flatMap(({ dropout = [] }) => dropout),
      run: (x, call) =>
        layers.reduce((activation, layer) => {
          const result = layer.run(activation, call)
          return call.between && layer.parameters.length > 0 ? call.between(result) : result
        }, x),
    }
  }
}

/** The sum of two branches, whose outputs have one shape. */
export function residual(main: Build, shortcut: Build): Build {
  return (input) => {
    const branches = [main(input), shortcut(input)] as const
    return {
      parameters: branches.flatMap(({ parameters }) => parameters),
      output: branches[0].output,
      dropout: branches.flatMap(({ dropout = [] }) => dropout),
      run(x, { between: _, ...inside }) {
        return tf.add(branches[0].run(x, inside), branches[1].run(x, inside))
      },
    }
  }
}

export interface ConvOptions {
  readonly channels: number
  /** Side of the square kernel. */
  readonly size: number
  readonly stride?: number
  /** Zeros on each side; by default as many as keep the size at stride 1. */
  readonly padding?: number
  readonly bias?: boolean
  /** Whether it projects a residual shortcut. */
  readonly shortcut?: boolean
}

/** A convolution; kernel [size, size, in, channels]. Padding is the same on all sides, as in PyTorch, also at stride 2. */
export function conv(name: string, options: ConvOptions): Build {
  const { channels, size, stride = 1, padding = (size - 1) / 2, bias = false, shortcut = false } = options
  return (input) => {
    const [height, width, depth] = input as [number, number, number]
    const side = (length: number): number => Math.floor((length + 2 * padding - size) / stride) + 1
    const output = [side(height), side(width), channels]
    checkPositive(name, input, output)
    const common = {
      kind: 'conv',
      fanIn: size * size * depth,
      fanOut: size * size * channels,
      trainable: true,
      output: false,
      ...(shortcut && { shortcut }),
    } as const
    const positions = sizeOf(output.slice(0, 2))
    return {
      parameters: [
        { ...common, name: `${name}.kernel`, shape: [size, size, depth, channels], role: 'kernel', positions },
        ...(bias ? [{ ...common, name: `${name}.bias`, shape: [channels], role: 'bias' } as const] : []),
      ],
      output,
      run(x, { weights }) {
        const sum = tf.conv2d(x as tf.Tensor4D, weights[`${name}.kernel`] as tf.Tensor4D, stride, padding)
        return bias ? sum.add(weights[`${name}.bias`]!) : sum
      },
    }
  }
}

/** A fully connected layer on vectors; kernel [in, units], with a bias. */
export function dense(name: string, units: number, { output = false }: { readonly output?: boolean } = {}): Build {
  return ([fanIn]) => {
    const common = { kind: 'dense', fanIn: fanIn!, fanOut: units, trainable: true, output } as const
    return {
      parameters: [
        { ...common, name: `${name}.kernel`, shape: [fanIn!, units], role: 'kernel' },
        { ...common, name: `${name}.bias`, shape: [units], role: 'bias' },
      ],
      output: [units],
      run: (x, { weights }) =>
        tf.matMul(x as tf.Tensor2D, weights[`${name}.kernel`] as tf.Tensor2D).add(weights[`${name}.bias`]!),
    }
  }
}

/** A layer without parameters. */
function plain(output: (input: Shape) => Shape, run: (x: tf.Tensor, output: Shape) => tf.Tensor): Build {
  return (input) => {
    const shape = output(input)
    return { parameters: [], output: shape, run: (x) => run(x, shape) }
  }
}

export const identity: Build = chain()

export const relu: Build = plain(
  (input) => input,
  (x) => tf.relu(x),
)

/** The maximum of 2x2 blocks; a last odd row or column is dropped. */
export const maxPool: Build = plain(
  (input) => {
    const output = [Math.floor(input[0]! / 2), Math.floor(input[1]! / 2), input[2]!]
    checkPositive('the pooling', input, output)
    return output
  },
  (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'),
)

/** The mean over all positions: a vector. */
export const globalMean: Build = plain(
  ([, , channels]) => [channels!],
  (x) => x.mean([1, 2]),
)

export const flatten: Build = plain(
  (input) => [sizeOf(input)],
  (x, output) => x.reshape([x.shape[0]!, ...output]),
)

/**
 * Shortcut of option A in He et al. 2016: every `stride`-th position, and zeros for the channels that are new. As in the
 * authors' Torch code, the positions are taken by an average over one of them.
 */
export function paddedShortcut(channels: number, stride: number): Build {
  return (input) => {
    const fresh = channels - input[2]!
    return {
      parameters: [],
      output: [Math.ceil(input[0]! / stride), Math.ceil(input[1]! / stride), channels],
      run: (x) => {
        const taken = stride === 1 ? (x as tf.Tensor4D) : tf.avgPool(x as tf.Tensor4D, 1, stride, 'valid')
        return fresh === 0 ? taken : taken.pad([...[0, 0, 0].map((): [number, number] => [0, 0]), [0, fresh]])
      },
    }
  }
}

function checkPositive(what: string, input: Shape, output: Shape): void {
  if (output.every((side) => side >= 1)) return
  throw new UserError(`Images of [${input}] are too small for ${what}; give a larger inputShape.`)
}
