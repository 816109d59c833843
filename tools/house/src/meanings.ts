/** Edits that change what training computes, each with the stages that use what it changes. */

import { type Edit, edit } from './copies/edit.js'
import type { StageRecord } from './copies/plans.child.js'

/** What the tests read of the config of a training stage. */
interface TrainConfig {
  readonly masked: boolean
  readonly recipe: {
    readonly optimizer: { readonly name: string; readonly weightDecay: number; readonly momentum?: number }
  }
}

/** The config of a training stage; undefined for another kind. */
const training = ({ kind, config }: StageRecord): TrainConfig | undefined =>
  kind === 'train' ? (config as TrainConfig) : undefined
const optimizerOf = (stage: StageRecord) => training(stage)?.recipe.optimizer

const trains = (stage: StageRecord): boolean => training(stage) !== undefined
const byAdam = (stage: StageRecord): boolean => optimizerOf(stage)?.name === 'adam'
const bySgd = (stage: StageRecord): boolean => optimizerOf(stage)?.name === 'sgd'
const decays = (stage: StageRecord): boolean => (optimizerOf(stage)?.weightDecay ?? 0) > 0

export interface Change {
  readonly title: string
  readonly edit: Edit
  /** The stages whose own meaning it changes; those that stand on them change too. */
  readonly uses: (stage: StageRecord) => boolean
  /** The parts of their meaning in which the change shows. */
  readonly parts: readonly string[]
}

const adam = 'packages/core/src/recipes/adam.ts'
const sgd = 'packages/core/src/recipes/sgd.ts'
const classification = 'packages/core/src/tasks/classification.ts'
const both = ['graph evaluate', 'graph train']

/** Of the update rule, the network and the loss: the traced graphs tell. */
export const meanings: readonly Change[] = [
  {
    title: "Adam's epsilon under the root",
    edit: edit(adam, 'second.sqrt().add(scalars.epsilon!)', 'second.add(scalars.epsilon!).sqrt()'),
    uses: byAdam,
    parts: ['graph train'],
  },
  {
    title: 'a factor in Adam',
    edit: edit(adam, '.add(slope.mul(slope))', '.add(slope.mul(slope).mul(2))'),
    uses: byAdam,
    parts: ['graph train'],
  },
  {
    title: "Adam's weight decay",
    edit: edit(adam, 'gradient.add(weight.mul(weightDecay))', 'gradient.add(weight.mul(weightDecay / 2))'),
    uses: (stage) => byAdam(stage) && decays(stage),
    parts: ['graph train'],
  },
  {
    title: "SGD's weight decay",
    edit: edit(sgd, 'gradient.add(weight.mul(weightDecay))', 'gradient.add(weight.mul(2 * weightDecay))'),
    uses: (stage) => bySgd(stage) && decays(stage),
    parts: ['graph train'],
  },
  {
    title: "the sign of SGD's step without momentum",
    edit: edit(sgd, 'weight.sub(slope.mul(learningRate!))', 'weight.add(slope.mul(learningRate!))'),
    uses: (stage) => bySgd(stage) && optimizerOf(stage)?.momentum === 0,
    parts: ['graph train'],
  },
  {
    title: "SGD's momentum",
    edit: edit(sgd, 'slots.momentum!.mul(momentum).add(slope)', 'slots.momentum!.mul(momentum).sub(slope)'),
    uses: (stage) => (optimizerOf(stage)?.momentum ?? 0) > 0,
    parts: ['graph train'],
  },
  {
    title: 'the mask of the gradient',
    edit: edit('packages/core/src/compile/step.ts', 'mask ? gradient.mul(mask) : gradient', 'gradient'),
    uses: (stage) => training(stage)?.masked === true,
    parts: ['graph train'],
  },
  {
    title: 'ELU for ReLU',
    edit: edit('packages/core/src/models/mlp.ts', 'tf.relu(sum)', 'tf.elu(sum)'),
    uses: trains,
    parts: both,
  },
  {
    title: 'the width of a hidden layer',
    edit: edit('packages/core/src/models/mlp.ts', 'hidden: [300, 100], classes', 'hidden: [300, 101], classes'),
    uses: trains,
    parts: both,
  },
  {
    title: 'the scale of the pixels',
    edit: edit(classification, '.mul(1 / 255)', '.mul(1 / 256)'),
    uses: trains,
    parts: both,
  },
  {
    title: 'the loss as a sum instead of a mean',
    edit: edit(
      classification,
      'crossEntropy(output as tf.Tensor2D, target).mean()',
      'crossEntropy(output as tf.Tensor2D, target).sum()',
    ),
    uses: trains,
    parts: ['graph train'],
  },
  {
    title: 'the gradient of the loss',
    edit: edit('packages/core/src/tasks/cross-entropy.ts', 'softmax.sub(saved[1]!)', 'softmax.sub(saved[1]!.mul(0.9))'),
    uses: trains,
    parts: ['graph train'],
  },
  {
    title: 'what counts as correct',
    edit: edit(classification, 'output.argMax(1)', 'output.neg().argMax(1)'),
    uses: trains,
    parts: ['graph evaluate'],
  },
  {
    title: "a default of Adam's",
    edit: edit(
      'packages/core/src/recipes/recipe.ts',
      'epsilon: z.number().positive().default(1e-8)',
      'epsilon: z.number().positive().default(1e-7)',
    ),
    uses: byAdam,
    // Computed on the host, so it shows in the config alone.
    parts: ['config'],
  },
]

/** Orders that a refactor must keep: inputs and outputs of a graph are known by their places, not by their names. */
export const orders: readonly Change[] = [
  {
    title: 'the order of the parameters of a layer',
    edit: edit(
      'packages/core/src/models/mlp.ts',
      'return { output: activation }\n  }\n',
      `return { output: activation }
  }
  parameters.reverse()
`,
    ),
    uses: trains,
    parts: both,
  },
  {
    title: "the order of Adam's slots",
    edit: edit(adam, "slots: ['first', 'second']", "slots: ['second', 'first']"),
    uses: byAdam,
    parts: ['graph train'],
  },
  {
    title: "the order of Adam's numbers of a step",
    edit: edit(
      adam,
      'rate: (learningRate * (1 - beta1)) / (1 - beta1 ** update) / c, epsilon: epsilon / c',
      'epsilon: epsilon / c, rate: (learningRate * (1 - beta1)) / (1 - beta1 ** update) / c',
    ),
    uses: byAdam,
    parts: ['graph train'],
  },
]

/** Host-side rules of core, and the stages whose ids name each. */
export const coreRules: Readonly<Record<string, (stage: StageRecord) => boolean>> = {
  generator: trains,
  initialisation: trains,
  dataOrder: trains,
  split: trains,
  topK: () => true,
  schedule: trains,
  earlyStop: trains,
}

/** Raising the integer of a rule. */
export const bumps: readonly Change[] = [
  ...Object.entries(coreRules).map(([rule, uses]) => ({
    title: `coreSemantics.${rule} raised`,
    edit: edit('packages/core/src/semantics.ts', `  ${rule}: 1,`, `  ${rule}: 2,`),
    uses,
    parts: [`semantics ${rule}`],
  })),
  {
    title: 'magnitude of imp/prune raised',
    edit: edit('benchmarks/harness/src/kinds/prune.ts', 'magnitude: 1', 'magnitude: 2'),
    uses: (stage) => stage.kind === 'imp/prune',
    parts: ['semantics magnitude'],
  },
]
