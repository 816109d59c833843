/**
 * Window ops in doubles, for which ONNX Runtime has no convolutions: the pixels of all windows are gathered, then
 * multiplied or reduced. Images keep their channels last. Slow, and as exact as doubles are: for oracles and scores.
 */
import type { Ref } from '../onnx/builder.js'
import type { Node, Value } from '../trace/graph.js'
import { convolutionWindows, poolWindows, type Windows } from '../trace/windows.js'
import { sizeOf } from '../tree.js'
import type { Context, Lowering } from './context.js'

const range = (length: number) => Array.from({ length }, (_, i) => i)
const area = ([rows, columns]: readonly number[]) => rows! * columns!
const shapeOf = (value: unknown) => value as number[]

/** For each window, the input pixel under each of its places; one past the last pixel where there is none. */
function pixelsOfWindows({ input, output, kernel, strides, before }: Windows): number[] {
  return range(area(output)).flatMap((window) =>
    range(area(kernel)).map((place) => {
      const row = Math.floor(window / output[1]) * strides[0] - before[0] + Math.floor(place / kernel[1])
      const column = (window % output[1]) * strides[1] - before[1] + (place % kernel[1])
      const inside = row >= 0 && row < input[0] && column >= 0 && column < input[1]
      return inside ? row * input[1] + column : area(input)
    }),
  )
}

/** For each input pixel, the window that has it at each of its places; one past the last window where none has. */
function windowsOfPixels(windows: Windows): number[] {
  const places = area(windows.kernel)
  const found = Array<number>(area(windows.input) * places).fill(area(windows.output))
  for (const [i, pixel] of pixelsOfWindows(windows).entries()) {
    if (pixel < area(windows.input)) found[pixel * places + (i % places)] = Math.floor(i / places)
  }
  return found
}

/** Images as [batch, pixels, channels]. */
const flat = ({ builder }: Context, x: Ref) => {
  const [batch, rows, columns, channels] = x.shape as [number, number, number, number]
  return builder.reshape(x, [batch, rows * columns, channels])
}

/** One pixel more, for what lies outside: [batch, pixels + 1, channels]. */
function padded({ builder }: Context, x: Ref, outside = 0): Ref {
  const [batch, pixels, channels] = x.shape as [number, number, number]
  const edge = [batch, 1, channels]
  const filled = builder.add('Expand', [builder.scalar(outside, x.type), builder.ints(edge)], edge, x.type)
  return builder.add('Concat', [x, filled], [batch, pixels + 1, channels], x.type, { axis: 1 })
}

/** What lies at the given indices of [batch, pixels, channels], as [batch, indices / places, places, channels]. */
function gathered({ builder }: Context, x: Ref, indices: number[], places: number): Ref {
  const [batch, , channels] = x.shape as [number, number, number]
  const list = [batch, indices.length, channels]
  const found = builder.add('Gather', [x, builder.ints(indices)], list, x.type, { axis: 1 })
  return builder.reshape(found, [batch, indices.length / places, places, channels])
}

/** The pixels under every window: [batch, windows, places, channels]. */
const pixels = (context: Context, x: Ref, windows: Windows, outside = 0) =>
  gathered(context, padded(context, flat(context, x), outside), pixelsOfWindows(windows), area(windows.kernel))

/** What every window that has a pixel holds for it: [batch, pixels, places, channels]. */
const shares = (context: Context, y: Ref, windows: Windows, outside = 0) =>
  gathered(context, padded(context, y, outside), windowsOfPixels(windows), area(windows.kernel))

function sum({ builder }: Context, x: Ref, axes: readonly number[]): Ref {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis))
  return builder.add('ReduceSum', [x, builder.ints(axes)], shape, x.type, { keepdims: 0 })
}

function product({ builder }: Context, a: Ref, b: Ref, shape: readonly number[]): Ref {
  return builder.add('Mul', [a, b], shape, a.type)
}

type Body = (context: Context, inputs: Ref[], windows: Windows, shape: readonly number[]) => Ref

/** A lowering of a window op whose windows follow from its inputs and attributes. */
const lowering =
  (windowsOf: (inputs: readonly Value[], attrs: Node['attrs']) => Windows | undefined, body: Body): Lowering =>
  (node, context) => {
    const inputs = node.inputs.map((value) => context.full(value))
    const { shape } = node.outputs[0]!
    const result = body(context, inputs, windowsOf(node.inputs, node.attrs)!, shape)
    return context.builder.reshape(result, shape)
  }

type Of = (inputs: readonly Value[], attrs: Node['attrs']) => Windows | undefined
const ofConvolution: Of = ([x, filter], attrs) => convolutionWindows(x!.shape, filter!.shape, attrs)
const ofInput: Of = ([, filter], attrs) => convolutionWindows(shapeOf(attrs.inputShape), filter!.shape, attrs)
const ofFilter: Of = ([x], attrs) => convolutionWindows(x!.shape, shapeOf(attrs.filterShape), attrs)
const ofPool: Of = ([x], attrs) => poolWindows(x!.shape, attrs)
const ofPoolGradient: Of = ([, x], attrs) => poolWindows(x!.shape, attrs)

const convolution: Body = (context, [x, filter], windows, shape) => {
  const { builder } = context
  const [rows, outputs] = [sizeOf(shape) / shape.at(-1)!, shape.at(-1)!]
  const columns = sizeOf(filter!.shape) / outputs
  const left = builder.reshape(pixels(context, x!, windows), [rows, columns])
  return builder.add('MatMul', [left, builder.reshape(filter!, [columns, outputs])], [rows, outputs], x!.type)
}

/** Each window's share for each of its pixels is one product, in which the filter stays as it is; then pixels sum theirs up. */
const inputGradient: Body = (context, [dy, filter], windows, shape) => {
  const { builder } = context
  const [batch, channels] = [shape[0]!, shape.at(-1)!]
  const places = area(windows.kernel)
  const given = padded(context, flat(context, dy!))
  const [, count, outputs] = given.shape as [number, number, number]
  const [left, right] = [
    builder.reshape(given, [batch * count, outputs]),
    builder.reshape(filter!, [places * channels, outputs]),
  ]
  const all = builder.add('Gemm', [left, right], [batch * count, places * channels], dy!.type, { transB: 1 })
  const own = windowsOfPixels(windows).map((window, i) => window * places + (i % places))
  const found = gathered(context, builder.reshape(all, [batch, count * places, channels]), own, places)
  return sum(context, found, [2])
}

const filterGradient: Body = (context, [x, dy], windows, shape) => {
  const { builder } = context
  const outputs = shape[3]!
  const [rows, columns] = [sizeOf(dy!.shape) / outputs, sizeOf(shape) / outputs]
  const left = builder.reshape(pixels(context, x!, windows), [rows, columns])
  const right = builder.reshape(dy!, [rows, outputs])
  return builder.add('Gemm', [left, right], [columns, outputs], x!.type, { transA: 1 })
}

/** Places, channels and multiplier of a depthwise filter. */
const depth = (filter: readonly number[]) => [filter[0]! * filter[1]!, filter[2]!, filter[3]!] as const

const depthwise: Body = (context, [x, filter], windows, shape) => {
  const { builder } = context
  const [places, channels, multiplier] = depth(filter!.shape)
  const windowsInAll = sizeOf(shape) / shape.at(-1)!
  const left = builder.reshape(pixels(context, x!, windows), [windowsInAll, places, channels, 1])
  const right = builder.reshape(filter!, [1, places, channels, multiplier])
  return sum(context, product(context, left, right, [windowsInAll, places, channels, multiplier]), [1])
}

const depthwiseInputGradient: Body = (context, [dy, filter], windows, shape) => {
  const { builder } = context
  const [places, channels, multiplier] = depth(filter!.shape)
  const all = [sizeOf(shape) / channels, places, channels, multiplier]
  const left = builder.reshape(shares(context, flat(context, dy!), windows), all)
  const right = builder.reshape(filter!, [1, places, channels, multiplier])
  return sum(context, product(context, left, right, all), [1, 3])
}

const depthwiseFilterGradient: Body = (context, [x, dy], windows, shape) => {
  const { builder } = context
  const [places, channels, multiplier] = depth(shape)
  const windowsInAll = sizeOf(dy!.shape) / (channels * multiplier)
  const left = builder.reshape(pixels(context, x!, windows), [windowsInAll, places, channels, 1])
  const right = builder.reshape(dy!, [windowsInAll, 1, channels, multiplier])
  return sum(context, product(context, left, right, [windowsInAll, places, channels, multiplier]), [0])
}

const maxPool: Body = (context, [x], windows) => {
  const all = pixels(context, x!, windows, Number.NEGATIVE_INFINITY)
  const { builder } = context
  return builder.add('ReduceMax', [all, builder.ints([2])], all.shape.toSpliced(2, 1), x!.type, { keepdims: 0 })
}

/** The place of the first maximum in each window: [batch, windows, channels]. */
function firstMaxima(context: Context, x: Ref, windows: Windows): Ref {
  const all = pixels(context, x, windows, Number.NEGATIVE_INFINITY)
  return context.builder.add('ArgMax', [all], all.shape.toSpliced(2, 1), 'int64', { axis: 2, keepdims: 0 })
}

const maxPoolGradient: Body = (context, [dy, x], windows) => {
  const { builder } = context
  const given = shares(context, flat(context, dy!), windows)
  const chosen = shares(context, firstMaxima(context, x!, windows), windows, -1)
  const places = area(windows.kernel)
  const own = builder.constant(range(places), [places, 1], 'int64')
  const hit = builder.cast(builder.add('Equal', [chosen, own], chosen.shape, 'bool'), given.type)
  return sum(context, product(context, given, hit, given.shape), [2])
}

const maxPoolWithPlaces: Lowering = (node, context) => {
  const { builder } = context
  const x = context.full(node.inputs[0]!)
  const windows = poolWindows(x.shape, node.attrs)!
  const [batch, , , channels] = x.shape as [number, number, number, number]
  const [places, count] = [area(windows.kernel), area(windows.output)]
  const first = firstMaxima(context, x, windows)
  const op = (name: string, a: Ref, b: Ref) => builder.add(name, [a, b], first.shape, 'int64')
  const table = builder.ints(pixelsOfWindows(windows))
  const starts = builder.constant(
    range(count).map((window) => window * places),
    [count, 1],
    'int64',
  )
  const pixel = builder.add('Gather', [table, op('Add', first, starts)], first.shape, 'int64', { axis: 0 })
  // Pixel p of image n and channel c is element (n * pixels + p) * channels + c.
  const offsets = range(batch * channels).map(
    (i) => Math.floor(i / channels) * area(windows.input) * channels + (i % channels),
  )
  const at = op(
    'Add',
    op('Mul', pixel, builder.scalar(channels, 'int64')),
    builder.constant(offsets, [batch, 1, channels], 'int64'),
  )
  const { shape } = node.outputs[0]!
  const maxima = builder.reshape(maxPool(context, [x], windows, shape), shape)
  return [maxima, builder.cast(builder.reshape(at, shape), 'int32')]
}

const averagePool: Body = (context, [x], windows) => {
  const { builder } = context
  const total = sum(context, pixels(context, x!, windows), [2])
  const places = area(windows.kernel)
  const inside = range(area(windows.output)).map(() => 0)
  for (const [i, pixel] of pixelsOfWindows(windows).entries()) {
    if (pixel < area(windows.input)) inside[Math.floor(i / places)]! += 1
  }
  const counts = builder.constant(inside, [inside.length, 1], total.type)
  return builder.add('Div', [total, counts], total.shape, total.type)
}

const averagePoolGradient: Body = (context, [dy], windows) => {
  const { builder } = context
  const total = sum(context, shares(context, flat(context, dy!), windows), [2])
  return builder.add('Div', [total, builder.scalar(area(windows.kernel), total.type)], total.shape, total.type)
}

export const doubleWindows: Record<string, Lowering> = {
  Conv2D: lowering(ofConvolution, convolution),
  Conv2DBackpropInput: lowering(ofInput, inputGradient),
  Conv2DBackpropFilter: lowering(ofFilter, filterGradient),
  DepthwiseConv2dNative: lowering(ofConvolution, depthwise),
  DepthwiseConv2dNativeBackpropInput: lowering(ofInput, depthwiseInputGradient),
  DepthwiseConv2dNativeBackpropFilter: lowering(ofFilter, depthwiseFilterGradient),
  MaxPool: lowering(ofPool, maxPool),
  MaxPoolGrad: lowering(ofPoolGradient, maxPoolGradient),
  MaxPoolWithArgmax: maxPoolWithPlaces,
  AvgPool: lowering(ofPool, averagePool),
  AvgPoolGrad: lowering(ofPoolGradient, averagePoolGradient),
}
