/** Element-wise kernels: arithmetic, functions of one variable, comparison, logic, choice and casts. */
import { EngineError } from '../errors.js'
import type { Ref } from '../onnx/builder.js'
import type { ElementType } from '../onnx/schema.js'
import type { Node } from '../trace/graph.js'
import type { Context, Lowering } from './context.js'

const unary =
  (op: string): Lowering =>
  (node, context) => {
    const x = context.full(node.inputs[0]!)
    return context.builder.add(op, [x], x.shape, context.type(node))
  }

const binary =
  (op: string): Lowering =>
  (node, context) => {
    const shape = node.outputs[0]!.shape
    return context.builder.add(op, context.operands(node.inputs, shape), shape, context.type(node))
  }

/** Composes ONNX nodes on the operands, all with the shape and type of the result. */
const compose =
  (body: (operands: Ref[], tools: Tools, node: Node) => Ref): Lowering =>
  (node, context) => {
    const shape = node.outputs[0]!.shape
    return body(context.operands(node.inputs, shape), new Tools(context, shape, context.type(node)), node)
  }

class Tools {
  constructor(
    private readonly context: Context,
    private readonly shape: readonly number[],
    private readonly type: ElementType,
  ) {}

  op(op: string, inputs: (Ref | number)[], type = this.type, attributes = {}): Ref {
    const numeric = inputs.find((input) => typeof input !== 'number' && input.type !== 'bool') as Ref | undefined
    const refs = inputs.map((input) =>
      typeof input === 'number' ? this.context.builder.scalar(input, numeric?.type ?? type) : input,
    )
    return this.context.builder.add(op, refs, this.shape, type, attributes)
  }

  cast(x: Ref, type: ElementType): Ref {
    return this.context.builder.cast(x, type)
  }

  /** Compares as numbers: ONNX Runtime orders no booleans. */
  compare(op: string, [a, b]: Ref[]): Ref {
    const numbers = [a!, b!].map((x) => (x.type === 'bool' ? this.cast(x, 'int32') : x))
    return this.op(op, numbers, 'bool')
  }
}

const compare = (op: string) => compose((operands, tools) => tools.compare(op, operands))

/** Where of ONNX Runtime has no booleans: choose between bytes. */
const select: Lowering = (node, context) => {
  const shape = node.outputs[0]!.shape
  const [condition, then, otherwise] = context.operands(node.inputs, shape)
  const { builder } = context
  if (context.type(node) !== 'bool')
    return builder.add('Where', [condition, then, otherwise], shape, context.type(node))
  const bytes = [then!, otherwise!].map((x) => builder.cast(x, 'uint8'))
  return builder.cast(builder.add('Where', [condition, ...bytes], shape, 'uint8'), 'bool')
}

export const elementwise: Record<string, Lowering> = {
  Abs: unary('Abs'),
  Neg: unary('Neg'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Sqrt: unary('Sqrt'),
  Relu: compose(([x], tools) => (x!.type === 'int32' ? tools.op('Max', [x!, 0]) : tools.op('Relu', [x!]))),
  Sigmoid: unary('Sigmoid'),
  Tanh: unary('Tanh'),
  Sin: unary('Sin'),
  Cos: unary('Cos'),
  Erf: unary('Erf'),
  Sign: unary('Sign'),
  Floor: unary('Floor'),
  Ceil: unary('Ceil'),
  Round: unary('Round'),
  Reciprocal: unary('Reciprocal'),
  Softplus: unary('Softplus'),
  Elu: unary('Elu'),
  LogicalNot: unary('Not'),
  IsNan: unary('IsNaN'),
  IsInf: unary('IsInf'),
  IsFinite: compose(([x], tools) => {
    const odd = tools.op('Or', [tools.op('IsNaN', [x!], 'bool'), tools.op('IsInf', [x!], 'bool')], 'bool')
    return tools.op('Not', [odd])
  }),
  Square: compose(([x], tools) => tools.op('Mul', [x!, x!])),
  Rsqrt: compose(([x], tools) => tools.op('Reciprocal', [tools.op('Sqrt', [x!])])),
  // exp(x) - 1 loses every digit near 0; tanh(x / 2) * (exp(x) + 1) is the same number and loses none.
  Expm1: compose(([x], tools) => {
    const half = tools.op('Tanh', [tools.op('Mul', [x!, 0.5])])
    return tools.op('Mul', [half, tools.op('Add', [tools.op('Exp', [x!]), 1])])
  }),
  // With u = 1 + x rounded, log(u) * x / (u - 1) undoes the rounding; it is x where u is 1, and log(u) where u is x.
  Log1p: compose(([x], tools) => {
    const u = tools.op('Add', [x!, 1])
    const log = tools.op('Log', [u])
    const mended = tools.op('Mul', [log, tools.op('Div', [x!, tools.op('Sub', [u, 1])])])
    const small = tools.op('Where', [tools.op('Equal', [u, 1], 'bool'), x!, mended])
    return tools.op('Where', [tools.op('Equal', [u, x!], 'bool'), log, small])
  }),
  Relu6: compose(([x], tools) => tools.op('Clip', [x!, 0, 6])),
  ClipByValue: compose(([x], tools, { attrs }) =>
    tools.op('Clip', [x!, Number(attrs.clipValueMin), Number(attrs.clipValueMax)]),
  ),
  LeakyRelu: compose(([x], tools, { attrs }) =>
    tools.op('LeakyRelu', [x!], undefined, { alpha: { float: Number(attrs.alpha) } }),
  ),
  // Clamping 1e38 x to [0, 1] is 1 for every positive normal number and 0 below: one fast pass (engine.md).
  Step: compose(([x], tools, { attrs }) => {
    if (!attrs.alpha && x!.type === 'float32') {
      return tools.op('HardSigmoid', [x!], undefined, { alpha: { float: 1e38 }, beta: { float: 0 } })
    }
    return tools.op('Where', [tools.op('Greater', [x!, 0], 'bool'), 1, Number(attrs.alpha ?? 0)])
  }),
  Add: binary('Add'),
  Sub: binary('Sub'),
  Multiply: compose(([a, b], tools) => tools.op('Mul', [a!, b!])),
  RealDiv: compose(([a, b], tools) => tools.op('Div', [tools.cast(a!, 'float32'), tools.cast(b!, 'float32')])),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: binary('Pow'),
  SquaredDifference: compose(([a, b], tools) => {
    const difference = tools.op('Sub', [a!, b!])
    return tools.op('Mul', [difference, difference])
  }),
  // Doubles hold every int32 quotient exactly enough to round down.
  FloorDiv: compose(([a, b], tools, node) => {
    const doubles = [tools.cast(a!, 'float64'), tools.cast(b!, 'float64')]
    const quotient = tools.op('Floor', [tools.op('Div', doubles, 'float64')], 'float64')
    return tools.cast(quotient, node.outputs[0]!.dtype)
  }),
  // The sign of the divisor, as in Python; ONNX has that for integers only.
  Mod: compose(([a, b], tools) => {
    const remainder = tools.op('Mod', [a!, b!], undefined, { fmod: 1 })
    const wrapped = tools.op('Mod', [tools.op('Add', [remainder, b!]), b!], undefined, { fmod: 1 })
    const negative = (x: Ref) => tools.op('Less', [x, 0], 'bool')
    return tools.op('Where', [tools.op('Xor', [negative(a!), negative(b!)], 'bool'), wrapped, remainder])
  }),
  EluGrad: compose(([dy, y], tools) => {
    const scaled = tools.op('Mul', [dy!, tools.op('Add', [y!, 1])])
    return tools.op('Where', [tools.op('GreaterOrEqual', [y!, 0], 'bool'), dy!, scaled])
  }),
  Prelu: compose(([x, slope], tools) =>
    tools.op('Where', [tools.op('Less', [x!, 0], 'bool'), tools.op('Mul', [x!, slope!]), x!]),
  ),
  Equal: compose(([a, b], tools) => tools.op('Equal', [a!, b!])),
  NotEqual: compose(([a, b], tools) => tools.op('Not', [tools.op('Equal', [a!, b!], 'bool')])),
  Less: compare('Less'),
  LessEqual: compare('LessOrEqual'),
  Greater: compare('Greater'),
  GreaterEqual: compare('GreaterOrEqual'),
  LogicalAnd: binary('And'),
  LogicalOr: binary('Or'),
  Select: select,
  AddN: compose((operands, tools) => operands.reduce((sum, x) => tools.op('Add', [sum, x]))),
  Cast: (node, context) => context.builder.cast(context.stored(node.inputs[0]!), context.type(node)),
}

const positive = (x: Ref, tools: Tools) => tools.op('Greater', [x, 0], 'bool')

/** Functions that ONNX Runtime has in single precision only, composed of others. */
export const doubleElementwise: Record<string, Lowering> = {
  Elu: compose(([x], tools) => {
    const below = tools.op('Sub', [tools.op('Exp', [tools.op('Min', [x!, 0])]), 1])
    return tools.op('Where', [positive(x!, tools), x!, below])
  }),
  Softplus: compose(([x], tools) => {
    const tail = tools.op('Exp', [tools.op('Neg', [tools.op('Abs', [x!])])])
    return tools.op('Add', [tools.op('Max', [x!, 0]), tools.op('Log', [tools.op('Add', [tail, 1])])])
  }),
  LeakyRelu: compose(([x], tools, { attrs }) =>
    tools.op('Where', [positive(x!, tools), x!, tools.op('Mul', [x!, Number(attrs.alpha)])]),
  ),
  Erf: ({ inputs }) => {
    throw new EngineError(
      `tf.erf on shape [${inputs[0]!.shape.join(', ')}] cannot be computed in doubles; use precision 'float32'.`,
    )
  },
}
