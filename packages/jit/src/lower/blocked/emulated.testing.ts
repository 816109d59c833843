/**
 * For tests: ONNX Runtime's blocked ops written out in standard ONNX, for blocks of any size. So models for blocks that this
 * machine has not can be run, and what its own ops compute has something to be compared with.
 */
import { vi } from 'vitest'
import { Builder, NCHWC, type OnnxNode, type Ref } from '../../onnx/builder.js'

type Attributes = OnnxNode['attributes']
/** The rest of an op, whose inputs and result have channels first. */
type Emulation = (emulated: Emulated, inputs: readonly Ref[], shape: readonly number[], attributes: Attributes) => Ref

const { addMany } = Builder.prototype

/** Until the mock is restored, no builder makes a node of the blocked domain: it makes standard ones that do the same. */
export const emulateBlocks = (block: number) =>
  vi.spyOn(Builder.prototype, 'addMany').mockImplementation(function (
    this: Builder,
    op,
    inputs,
    outputs,
    attributes = {},
    domain = '',
  ) {
    if (domain !== NCHWC) return addMany.call(this, op, inputs, outputs, attributes, domain)
    const emulation = emulations[op]
    if (!emulation) throw new Error(`The blocked op ${op} has no emulation.`)
    return [emulation(new Emulated(this, block), inputs as readonly Ref[], outputs[0]!.shape, attributes)]
  })

class Emulated {
  constructor(
    private readonly builder: Builder,
    readonly block: number,
  ) {}

  add(op: string, inputs: readonly (Ref | undefined)[], shape: readonly number[], attributes: Attributes = {}): Ref {
    return addMany.call(this.builder, op, inputs, [{ shape, type: 'float32' }], attributes, '')[0]!
  }

  moved(x: Ref, perm: readonly number[]): Ref {
    const shape = perm.map((axis) => x.shape[axis]!)
    return this.add('Transpose', [x], shape, { perm })
  }

  /** Reshapes, transposes and reshapes again. */
  shuffled(x: Ref, apart: readonly number[], perm: readonly number[], shape: readonly number[]): Ref {
    return this.builder.reshape(this.moved(this.builder.reshape(x, apart), perm), shape)
  }

  /** Blocks of channels as planes of channels. */
  plain(x: Ref): Ref {
    const [batch, channels, rows, columns] = x.shape as [number, number, number, number]
    const apart = [batch, channels / this.block, rows, columns, this.block]
    return this.shuffled(x, apart, [0, 1, 4, 2, 3], x.shape)
  }

  /** Planes of channels as blocks of channels. */
  blocked(x: Ref): Ref {
    const [batch, channels, rows, columns] = x.shape as [number, number, number, number]
    const apart = [batch, channels / this.block, this.block, rows, columns]
    return this.shuffled(x, apart, [0, 1, 3, 4, 2], x.shape)
  }

  /** Zeros after the channels, or fewer channels. */
  withChannels(x: Ref, channels: number): Ref {
    const [batch, had, ...sides] = x.shape as [number, number, number, number]
    const shape = [batch, channels, ...sides]
    if (channels === had) return x
    if (channels > had) return this.add('Pad', [x, this.builder.ints([0, 0, 0, 0, 0, channels - had, 0, 0])], shape)
    return this.add('Slice', [x, ...[[0], [channels], [1]].map((list) => this.builder.ints(list))], shape)
  }
}

const reorderInput: Emulation = (emulated, [x], shape, { channels_last }) => {
  const first = channels_last ? emulated.moved(x!, [0, 3, 1, 2]) : x!
  return emulated.blocked(emulated.withChannels(first, shape[1]!))
}

const reorderOutput: Emulation = (emulated, [x], _, { channels, channels_last }) => {
  const first = emulated.withChannels(emulated.plain(x!), channels as number)
  return channels_last ? emulated.moved(first, [0, 2, 3, 1]) : first
}

/** Filters of few inputs have no blocks of them, and their images are not in blocks, unless each channel has a filter of its own. */
const convolution: Emulation = (emulated, [x, filter, bias, sum], shape, { activation, ...attributes }) => {
  const { block } = emulated
  const [outputs, inputs, rows, columns] = filter!.shape as [number, number, number, number]
  const depthwise = attributes.group !== undefined
  if (depthwise && inputs !== 1) throw new Error('Groups have one channel here.')
  const size = inputs % block === 0 ? block : 1
  const apart = [outputs / block, inputs / size, rows, columns, size, block]
  const standard = emulated.shuffled(filter!, apart, [0, 5, 1, 4, 2, 3], filter!.shape)
  const images = depthwise || size === block ? emulated.plain(x!) : x!
  const operands = [images, standard, ...(bias ? [bias] : [])]
  const product = emulated.add('Conv', operands, shape, attributes)
  const total = sum ? emulated.add('Add', [product, emulated.plain(sum)], shape) : product
  return emulated.blocked(activation === 'Relu' ? emulated.add('Relu', [total], shape) : total)
}

const pooling =
  (op: string): Emulation =>
  (emulated, [x], shape, attributes) =>
    emulated.blocked(emulated.add(op, [emulated.plain(x!)], shape, attributes))

const emulations: Readonly<Record<string, Emulation>> = {
  ReorderInput: reorderInput,
  ReorderOutput: reorderOutput,
  Conv: convolution,
  MaxPool: pooling('MaxPool'),
  AveragePool: pooling('AveragePool'),
  GlobalAveragePool: pooling('GlobalAveragePool'),
}
