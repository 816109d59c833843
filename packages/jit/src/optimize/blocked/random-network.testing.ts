/** For tests: networks of random layers on images, most of which have whole blocks of channels. */
import fc from 'fast-check'
import { tf } from '../../tf.js'
import { sizeOf } from '../../tree.js'

type Image = tf.Tensor4D
type Shape = readonly [number, number, number, number]

/** A layer on images, for shapes that it can take; `parameter` hands out weights of a shape. */
interface Layer {
  readonly fits: (shape: Shape) => boolean
  readonly run: (x: Image, parameter: (shape: readonly number[]) => tf.Tensor, earlier: readonly Image[]) => tf.Tensor
}

const always = () => true
const larger = (side: number) => (shape: Shape) => shape[1] >= side && shape[2] >= side
const channelsOf = (x: tf.Tensor) => x.shape[3]!

const convolution = (size: number, outputs: number, stride: number, pad: 'same' | 'valid' | number): Layer => ({
  fits: larger(size),
  run: (x, parameter) =>
    tf.conv2d(x, parameter([size, size, channelsOf(x), outputs]) as Image, stride, pad).mul(0.3 / size),
})

const normalised: Layer = {
  fits: always,
  run(x, parameter) {
    const centred = x.sub(x.mean([0, 1, 2]))
    const variance = centred.square().mean([0, 1, 2])
    return centred.mul(tf.rsqrt(variance.add(0.5)).mul(parameter([channelsOf(x)]))).add(parameter([channelsOf(x)]))
  },
}

const layers: Readonly<Record<string, Layer>> = {
  'conv 3x3': convolution(3, 16, 1, 'same'),
  'conv 3x3 wide': convolution(3, 32, 1, 1),
  'conv 3x3 narrow': convolution(3, 5, 1, 'same'),
  'conv 3x3 by eights': convolution(3, 24, 1, 'same'),
  'conv 3x3 valid': convolution(3, 16, 1, 'valid'),
  'conv 3x3 / 2': convolution(3, 32, 2, 1),
  'conv 3x3 / 2, same': convolution(3, 16, 2, 'same'),
  'conv 1x1': convolution(1, 16, 1, 'valid'),
  'conv 1x1 / 2': convolution(1, 32, 2, 'valid'),
  'conv 2x2 / 3': convolution(2, 16, 3, 'valid'),
  'conv 5x5': convolution(5, 16, 1, 2),
  'batch norm': normalised,
  relu: { fits: always, run: (x) => tf.relu(x) },
  tanh: { fits: always, run: (x) => tf.tanh(x) },
  square: { fits: always, run: (x) => x.square().mul(0.2) },
  bias: { fits: always, run: (x, parameter) => x.add(parameter([channelsOf(x)])) },
  scale: { fits: always, run: (x, parameter) => x.mul(parameter([channelsOf(x)])) },
  quotient: {
    fits: always,
    run: (x, parameter) =>
      x.div(
        parameter([channelsOf(x)])
          .square()
          .add(1),
      ),
  },
  negative: { fits: always, run: (x) => tf.neg(x).sub(0.1) },
  'by image': { fits: always, run: (x) => x.mul(x.mean([1, 2], true).add(1)) },
  'by pixel': { fits: always, run: (x) => x.sub(x.mean([3], true)) },
  residual: {
    fits: always,
    run(x, _, earlier) {
      const same = earlier.filter(({ shape }) => String(shape) === String(x.shape))
      return tf.addN([x, ...same.slice(-3)]).mul(0.5)
    },
  },
  product: {
    fits: always,
    run(x, _, earlier) {
      const same = earlier.findLast(({ shape }) => String(shape) === String(x.shape))
      return same ? x.mul(tf.tanh(same)) : x
    },
  },
  'maxima 2x2': { fits: larger(2), run: (x) => tf.maxPool(x, 2, 2, 'valid') },
  'maxima 3x3 / 2': { fits: larger(3), run: (x) => tf.maxPool(x, 3, 2, 'same') },
  'maxima 2x2, shifted': {
    fits: larger(2),
    run: (x) =>
      tf.maxPool(x, 2, 2, [
        [0, 0],
        [1, 0],
        [1, 0],
        [0, 0],
      ]),
  },
  'means 2x2': { fits: larger(2), run: (x) => tf.avgPool(x, 2, 2, 'valid') },
  'pixels / 2': { fits: always, run: (x) => tf.avgPool(x, 1, 2, 'valid') },
  'more channels': {
    fits: always,
    run: (x) =>
      tf.pad(x, [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 16],
      ]),
  },
  'odd channels': {
    fits: always,
    run: (x) =>
      tf.pad(x, [
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 2],
      ]),
  },
  margin: {
    fits: always,
    run: (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 0],
      ]),
  },
  concatenation: {
    fits: ([, , , channels]) => channels <= 32,
    run(x, _, earlier) {
      const same = earlier.find(({ shape }) => String(shape) === String(x.shape)) ?? x
      return tf.concat([same, x], 3)
    },
  },
  'fewer channels': {
    fits: ([, , , channels]) => channels > 16,
    run: (x) => tf.slice(x, [0, 0, 0, 16], [-1, -1, -1, -1]),
  },
  'fewer pixels': { fits: larger(3), run: (x) => tf.slice(x, [0, 1, 0, 0], [-1, -1, 2, -1]) },
}

const names = Object.keys(layers)

/** A network: its layers by name, the batch and the sides of its images, and how many channels they have. */
export interface RandomNetwork {
  readonly layers: readonly string[]
  readonly input: Shape
}

export const randomNetworks: fc.Arbitrary<RandomNetwork> = fc.record({
  layers: fc.array(
    fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...names.slice(0, 12)) },
      { weight: 3, arbitrary: fc.constantFrom(...names) },
    ),
    {
      minLength: 1,
      maxLength: 9,
    },
  ),
  input: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 3, max: 8 }),
    fc.integer({ min: 3, max: 8 }),
    fc.constantFrom(3, 8, 16, 24, 32),
  ),
})

/** The network's function, and the shapes of its weights in order; layers that do not fit the images are left out. */
export function build({ layers: list, input }: RandomNetwork): {
  readonly fn: (x: tf.Tensor, ...weights: tf.Tensor[]) => tf.Tensor
  readonly weights: readonly (readonly number[])[]
} {
  const shapes: (readonly number[])[] = []
  const run = (x: tf.Tensor, parameter: (shape: readonly number[]) => tf.Tensor): tf.Tensor => {
    const images: Image[] = [x as Image]
    for (const name of list) {
      const layer = layers[name]!
      const last = images.at(-1)!
      if (layer.fits(last.shape as Shape)) images.push(layer.run(last, parameter, images.slice(0, -1)) as Image)
    }
    return images.at(-1)!
  }
  tf.tidy(() => {
    run(tf.zeros([...input]), (shape) => {
      shapes.push(shape)
      return tf.ones([...shape])
    })
  })
  return {
    weights: shapes,
    fn(x, ...weights) {
      let next = 0
      return run(x, () => weights[next++]!)
    },
  }
}

export const spec = (shape: readonly number[]) => ({ shape: [...shape], dtype: 'float32' as const })

/** Numbers without ties, so that no ReLU or maximum hangs on rounding. */
export const numbers = (size: number, phase = 0) =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i * i + 0.3 * i + phase))

/** The network's function with a signature and inputs. */
export function example(network: RandomNetwork) {
  const { fn, weights } = build(network)
  const shapes = Object.fromEntries([network.input, ...weights].map((shape, i) => [`operand${i}`, shape]))
  return {
    fn,
    signature: Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, spec(shape)])),
    inputs: Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, numbers(sizeOf(shape), i)])),
  }
}
