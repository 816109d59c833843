/** Shape inference of the kernels that slide a window over images: convolutions, poolings and their gradients. */
import type { Attributes, Infer, Info } from './shapes.js'
import { convolutionWindows, poolWindows, type Windows } from './windows.js'

const shapeOf = (value: unknown) => value as number[]

const images = (batch: number, windows: Windows | undefined, channels: number): Info[] | undefined =>
  windows && [{ shape: [batch, ...windows.output, channels], dtype: 'float32' }]

const convolution: Infer = ([x, filter], attrs) =>
  images(x!.shape[0]!, convolutionWindows(x!.shape, filter!.shape, attrs), filter!.shape[3]!)

const depthwise: Infer = ([x, filter], attrs) =>
  images(x!.shape[0]!, convolutionWindows(x!.shape, filter!.shape, attrs), filter!.shape[2]! * filter!.shape[3]!)

/** Gradients have the shape of what they are the gradient of. */
const backward =
  (windows: (inputs: readonly Info[], attrs: Attributes) => Windows | undefined, shape: string): Infer =>
  (inputs, attrs) =>
    windows(inputs, attrs) && [{ shape: shapeOf(attrs[shape]), dtype: 'float32' }]

const inputGradient = backward(
  ([, filter], attrs) => convolutionWindows(shapeOf(attrs.inputShape), filter!.shape, attrs),
  'inputShape',
)
const filterGradient = backward(
  ([x], attrs) => convolutionWindows(x!.shape, shapeOf(attrs.filterShape), attrs),
  'filterShape',
)

const pool: Infer = ([x], attrs) =>
  x!.dtype === 'float32' ? images(x!.shape[0]!, poolWindows(x!.shape, attrs), x!.shape[3]!) : undefined

const poolGradient: Infer = ([, input], attrs) => poolWindows(input!.shape, attrs) && [{ ...input!, dtype: 'float32' }]

export const spatialKernels: readonly (readonly [string, Infer])[] = [
  ['Conv2D', convolution],
  ['Conv2DBackpropInput', inputGradient],
  ['Conv2DBackpropFilter', filterGradient],
  ['DepthwiseConv2dNative', depthwise],
  ['DepthwiseConv2dNativeBackpropInput', inputGradient],
  ['DepthwiseConv2dNativeBackpropFilter', filterGradient],
  ['MaxPool', pool],
  ['MaxPoolGrad', poolGradient],
  [
    'MaxPoolWithArgmax',
    (inputs, attrs) => {
      const [y] = pool(inputs, attrs) ?? []
      return y && attrs.includeBatchInIndex === true ? [y, { ...y, dtype: 'int32' }] : undefined
    },
  ],
  ['AvgPool', pool],
  ['AvgPoolGrad', poolGradient],
]
