/** Ops that treat all elements alike: an element of the result depends on the operands' elements at its place alone. */
export const ELEMENTWISE: ReadonlySet<string> = new Set(
  (
    'Abs Neg Exp Expm1 Log Log1p Sqrt Rsqrt Square Relu Relu6 Elu Sigmoid Tanh Sin Cos Erf Sign Floor Ceil Round ' +
    'Reciprocal Softplus Step ClipByValue Identity LeakyRelu Cast IsNan IsFinite IsInf LogicalNot Add Sub Multiply ' +
    'RealDiv Maximum Minimum Pow SquaredDifference FloorDiv Mod EluGrad Prelu Equal NotEqual Less LessEqual Greater ' +
    'GreaterEqual LogicalAnd LogicalOr AddN Select'
  ).split(' '),
)
