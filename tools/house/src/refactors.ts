/** Edits that change how the code reads and not what it means: other names, other orders, other words for the same. */
import { type Edit, edit } from './copies/edit.js'

const adam = 'packages/core/src/recipes/adam.ts'
const mlp = 'packages/core/src/models/mlp.ts'
const step = 'packages/core/src/compile/step.ts'
const recipe = 'packages/core/src/recipes/recipe.ts'
const semantics = 'packages/core/src/semantics.ts'
const train = 'benchmarks/harness/src/kinds/train.ts'
const create = 'benchmarks/harness/src/stage/create.ts'
const planning = 'benchmarks/harness/src/kinds/planning.ts'
const prune = 'benchmarks/harness/src/kinds/prune.ts'

export const harmless: readonly Edit[] = [
  // Independent lines change places, a local variable its name, and a line is added whose result nobody uses.
  edit(
    adam,
    `      const first = slots.first!.mul(beta1).add(slope)
      const second = slots.second!.mul(beta2).add(slope.mul(slope))
      const step = first.div(second.sqrt().add(scalars.epsilon!)).mul(scalars.rate!)
      return { weight: weight.sub(step), slots: { first, second } }`,
    `      slope.mul(3).add(weight)
      const squares = slots.second!.mul(beta2).add(slope.mul(slope))
      const slopes = slots.first!.mul(beta1).add(slope)
      const change = slopes.div(squares.sqrt().add(scalars.epsilon!)).mul(scalars.rate!)
      return { slots: { second: squares, first: slopes }, weight: weight.sub(change) }`,
  ),
  // A chain of methods instead of functions, and a loop counted otherwise.
  edit(
    mlp,
    `      let sum = tf.add(
        tf.matMul(activation, weights[\`\${layer}.kernel\`] as tf.Tensor2D),
        weights[\`\${layer}.bias\`]!,
      ) as tf.Tensor2D
      if (between) sum = between(sum) as tf.Tensor2D
      activation = i < layers.length - 1 ? tf.relu(sum) : sum`,
    `      const bias = weights[\`\${layer}.bias\`]!
      const products = activation.matMul(weights[\`\${layer}.kernel\`] as tf.Tensor2D)
      const isLast = i === layers.length - 1
      const sums = products.add(bias)
      const known = between ? (between(sums) as tf.Tensor2D) : sums
      activation = isLast ? known : known.relu()`,
  ),
  edit(
    step,
    `        mask ? gradient.mul(mask) : gradient,`,
    `        mask === undefined ? gradient : tf.mul(gradient, mask),`,
  ),
  // Keys in another order: of a schema, of the semantics, of a config, of what is hashed.
  edit(
    recipe,
    `  momentum: z.number().min(0).lt(1).default(0),
  nesterov: z.boolean().default(false),`,
    `  nesterov: z.boolean().default(false),
  momentum: z.number().min(0).lt(1).default(0),`,
  ),
  edit(
    recipe,
    `  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),`,
    `  beta2: z.number().min(0).lt(1).default(0.999),
  beta1: z.number().min(0).lt(1).default(0.9),`,
  ),
  edit(semantics, 'export const coreSemantics = {', 'export const coreSemantics = {\n  earlyStop: 1, topK: 1,'),
  edit(
    semantics,
    `  topK: 1,
  /** Learning`,
    '  /** Learning',
  ),
  edit(
    semantics,
    `  earlyStop: 1,
} as`,
    '} as',
  ),
  edit(
    train,
    'return { dataHash: dataHashOf(config), traceHashes: { train, ...(evaluate === null ? {} : { evaluate }) } }',
    'return { traceHashes: { ...(evaluate === null ? {} : { evaluate }), train }, dataHash: dataHashOf(config) }',
  ),
  edit(
    create,
    'canonicalJson({ kind, config, inputs, dataHash, traceHashes, semantics }',
    'canonicalJson({ semantics, traceHashes, dataHash, inputs, config, kind }',
  ),
  edit(
    planning,
    `    seed,
    start,
    masked: mask !== undefined,`,
    `    masked: mask !== undefined,
    start,
    seed,`,
  ),
  edit(
    planning,
    '{ ...(mask ? { mask: await mask } : {}), ...(trained ? { trained } : {}) }',
    '{ ...(trained ? { trained } : {}), ...(mask ? { mask: await mask } : {}) }',
  ),
  edit(
    prune,
    'semantics: { topK: coreSemantics.topK, magnitude: 1 }',
    'semantics: { magnitude: 1, topK: coreSemantics.topK }',
  ),
]
