/** Finds out whether ONNX Runtime has its blocked layout on this machine, and how many channels a block has. */
import * as ort from 'onnxruntime-node'
import { Builder, modelBytes, NCHWC } from '../onnx/builder.js'
import { sessionOptions } from './session-options.js'

const CHANNELS = 32
const PIXELS = 3
const SIZES = [16, 8]

let found: Promise<number> | undefined

/** Channels in a block: 16 with AVX-512, else mostly 8; 0 where there is no such layout. Asked for once a process. */
export function blockSize(): Promise<number> {
  found ??= probe()
  return found
}

/** Blocks a small image and sees how its channels lie. */
async function probe(): Promise<number> {
  const builder = new Builder()
  const shape = [1, CHANNELS, 1, PIXELS]
  const x = builder.declare({ name: 'x', shape, type: 'float32' })
  const y = builder.add('ReorderInput', [x], shape, 'float32', { channels_last: 0 }, NCHWC)
  builder.rename(new Map([[y.name, 'y']]))
  const model = modelBytes({
    name: 'probe',
    nodes: builder.nodes,
    initializers: builder.initializers,
    inputs: [x],
    outputs: [{ ...y, name: 'y' }],
  })
  let session: ort.InferenceSession
  try {
    session = await ort.InferenceSession.create(model, sessionOptions(1))
  } catch {
    return 0
  }
  try {
    const pixels = Float32Array.from({ length: CHANNELS * PIXELS }, (_, i) => i)
    const { y: blocked } = await session.run({ x: new ort.Tensor('float32', pixels, shape) })
    const order = (blocked!.data as Float32Array).join()
    return SIZES.find((size) => inBlocks(pixels, size).join() === order) ?? 0
  } finally {
    await session.release()
  }
}

/** Channels of [CHANNELS, PIXELS] in blocks of a size. */
function inBlocks(pixels: Float32Array, size: number): Float32Array {
  return pixels.map((_, i) => {
    const [block, rest] = [Math.floor(i / (size * PIXELS)), i % (size * PIXELS)]
    const [pixel, channel] = [Math.floor(rest / size), block * size + (rest % size)]
    return pixels[channel * PIXELS + pixel]!
  })
}
