/** Edits that change a host-side rule without raising its integer. */
import { type Edit, edit } from './copies/edit.js'

export interface BrokenRule {
  /** The rule of `coreSemantics` that golden tests must name. */
  readonly rule: string
  readonly title: string
  readonly edit: Edit
  /** Other rules of which nothing changes but what they draw: their digests change with it. */
  readonly also?: readonly string[]
}

const core = 'packages/core/src'
const stream = `${core}/random/stream.ts`
const initialise = `${core}/models/initialise.ts`
const controls = `${core}/tickets/controls.ts`
const order = `${core}/tasks/order.ts`
const split = `${core}/data/split.ts`
const topK = `${core}/masks/top-k.ts`
const select = `${core}/masks/select.ts`
const schedule = `${core}/recipes/schedule.ts`
const train = `${core}/train/train.ts`

/** Whatever draws. */
const drawing = ['initialisation', 'dataOrder', 'split', 'topK']

export const hostRules: readonly BrokenRule[] = [
  {
    rule: 'generator',
    title: 'a constant of Threefry',
    edit: edit(`${core}/random/threefry.ts`, 'const PARITY = 0x1bd11bda', 'const PARITY = 0x1bd11bdb'),
    also: drawing,
  },
  {
    rule: 'generator',
    title: 'the spare normal is thrown away',
    edit: edit(stream, 'spareNormal = v * scale', 'spareNormal = null'),
    also: ['initialisation'],
  },
  {
    rule: 'generator',
    title: 'the order of the bits of a word',
    edit: edit(stream, 'out[i] = word & 1\n        word >>>= 1', 'out[i] = word >>> 31\n        word <<= 1'),
  },
  {
    rule: 'initialisation',
    title: "Glorot's variance",
    edit: edit(initialise, 'Math.sqrt(2 / (fanIn + fanOut))', 'Math.sqrt(1 / (fanIn + fanOut))'),
  },
  {
    rule: 'initialisation',
    title: "Kaiming's variance",
    edit: edit(initialise, 'Math.sqrt(2 / fan) }', 'Math.sqrt(3 / fan) }'),
  },
  {
    rule: 'initialisation',
    title: 'the name of a stream',
    edit: edit(initialise, "within(streams(seed), 'init')", "within(streams(seed), 'start')"),
  },
  {
    rule: 'initialisation',
    title: 'the stream of reinit',
    edit: edit(controls, 'from(`reinit/', 'from(`fresh/'),
  },
  {
    rule: 'initialisation',
    title: 'the scale of noise',
    edit: edit(controls, 'scale * initializer.std * noise[i]!', 'scale * noise[i]!'),
  },
  {
    rule: 'dataOrder',
    title: 'the name of its stream',
    edit: edit(order, 'streams(`order/epoch/', 'streams(`order/of/epoch/'),
  },
  {
    rule: 'dataOrder',
    title: 'batches from the end of the epoch',
    edit: edit(
      order,
      '((iteration + step) % perEpoch) * batchSize',
      '(perEpoch - 1 - ((iteration + step) % perEpoch)) * batchSize',
    ),
  },
  {
    rule: 'split',
    title: 'training examples come first',
    edit: edit(
      split,
      `    validation: order.slice(0, validation).sort(),
    train: order.slice(validation, validation + train).sort(),`,
      `    validation: order.slice(train, validation + train).sort(),
    train: order.slice(0, train).sort(),`,
    ),
  },
  {
    rule: 'topK',
    title: 'of ties the last is kept',
    edit: edit(topK, 'for (const place of places) {', 'for (const place of places.toReversed()) {'),
  },
  {
    rule: 'topK',
    title: 'K is rounded down',
    edit: edit(topK, 'return Math.round(density * total)', 'return Math.floor(density * total)'),
  },
  {
    rule: 'topK',
    title: 'N counts only what is left',
    edit: edit(
      select,
      'selectCount(own, keptCount(density, sizeOfScores(own)), among)',
      'selectCount(own, keptCount(density, among?.[Object.keys(own)[0]!]?.filter(Boolean).length ?? sizeOfScores(own)), among)',
    ),
  },
  {
    rule: 'schedule',
    title: 'warm-up begins above zero',
    edit: edit(schedule, '(dropped * iteration) / warmup', '(dropped * (iteration + 1)) / warmup'),
  },
  {
    rule: 'schedule',
    title: 'a drop holds one iteration later',
    edit: edit(schedule, '(at) => at <= iteration', '(at) => at < iteration'),
  },
  {
    rule: 'schedule',
    title: "Adam's bias correction",
    edit: edit(`${core}/recipes/adam.ts`, '/ (1 - beta1 ** update) / c', '/ (1 - beta1 ** (update + 1)) / c'),
  },
  {
    rule: 'schedule',
    title: "Adam's epsilon",
    edit: edit(`${core}/recipes/adam.ts`, 'epsilon: epsilon / c', 'epsilon'),
  },
  {
    rule: 'earlyStop',
    title: 'of equal losses the last is taken',
    edit: edit(train, 'loss < best.loss', 'loss <= best.loss'),
  },
  {
    rule: 'earlyStop',
    title: 'the evaluation before the first step counts',
    edit: edit(
      train,
      'best === undefined || best.iteration === run.options.ticket.step || loss',
      'best === undefined || loss',
    ),
  },
  {
    rule: 'earlyStop',
    title: 'losses are compared in double precision',
    edit: edit(train, 'const loss = Math.fround(metrics.loss)', 'const loss = metrics.loss'),
  },
]

export interface BrokenKind {
  readonly kind: string
  readonly title: string
  readonly edit: Edit
  /** The golden stages that change. */
  readonly stages: readonly string[]
  /** What their messages say to raise. */
  readonly raise: string
}

const kinds = 'benchmarks/harness/src/kinds'
const trainKind = `${kinds}/train.ts`
const magnitudeStages = ['magnitude', 'magnitude, shuffled']
const prune = 'packages/core/src/masks/magnitude.ts'

/** Host code of the kinds of stage, which core's golden tests do not see. */
export const brokenKinds: readonly BrokenKind[] = [
  {
    kind: 'imp/prune',
    title: 'pruned weights may come back',
    edit: edit(prune, 'select(magnitudes(model, trained), target, mask)', 'select(magnitudes(model, trained), target)'),
    stages: ['layerwise under a mask', 'globally under a mask'],
    raise: 'magnitude in the harness',
  },
  {
    kind: 'train',
    title: 'a rewound run starts again from iteration 0',
    edit: edit(trainKind, '`), start.step]', '`), 0]'),
    stages: ['20 steps, rewind'],
    raise: 'coreSemantics.schedule',
  },
  {
    kind: 'train',
    title: 'the control "random" counts over all layers',
    edit: edit(trainKind, "{ name: 'random-layerwise', replicate", "{ name: 'random-global', replicate"),
    stages: ['20 steps, random'],
    raise: 'coreSemantics.initialisation',
  },
  {
    kind: 'train',
    title: 'the training loss of the curve is a sum',
    edit: edit(train, 'window.sum / window.steps', 'window.sum'),
    stages: ['dense', 'ticket', 'reinit', 'random', 'noise', 'rewind', 'continue'].map((start) => `20 steps, ${start}`),
    raise: 'host code changed',
  },
  {
    kind: 'barrier',
    title: 'the ends of a line change places',
    edit: edit(
      'packages/core/src/connectivity/interpolate.ts',
      'alpha * value + (1 - alpha) * other[i]!',
      '(1 - alpha) * value + alpha * other[i]!',
    ),
    stages: ['a line between initial weights'],
    raise: 'line in the harness',
  },
  {
    kind: 'barrier',
    title: 'statistics of batch norm are averaged over other batches',
    edit: edit(
      'packages/core/src/connectivity/statistics.ts',
      "within(streams(seed), 'statistics')",
      "within(streams(seed), 'batches')",
    ),
    stages: ['a line between initial weights'],
    raise: 'line in the harness',
  },
  {
    kind: 'imp/snapshot',
    title: 'an overlap is a share of the layer',
    edit: edit('benchmarks/sanity/src/snapshot-stage.ts', 'both / kept', 'both / mask.length'),
    stages: ['a look at the start'],
    raise: 'snapshot in snapshot-stage.ts',
  },
  {
    kind: 'score',
    title: 'the mean score of a layer is a sum',
    edit: edit(`${kinds}/score-measures.ts`, 'sum / score.length]', 'sum]'),
    stages: ['snip', 'grasp', ...magnitudeStages, 'random, layer by layer'],
    raise: 'scores or measures of the harness',
  },
  {
    kind: 'score',
    title: 'the mean image is one of the sums',
    edit: edit(`${kinds}/score-measures.ts`, 'sums.map((sum) => sum / train.count)', 'sums'),
    stages: ['snip'],
    raise: 'scores or measures of the harness',
  },
  {
    kind: 'score',
    title: 'densities of rounds fall in equal steps',
    edit: edit(`${core}/methods/scoring.ts`, 'density ** ((i + 1) / rounds)', '1 - ((1 - density) * (i + 1)) / rounds'),
    stages: ['synflow in three rounds'],
    raise: 'scores or measures of the harness',
  },
  {
    kind: 'mask',
    title: 'another stream corrupts labels and pixels',
    edit: edit(`${core}/tasks/corrupt.ts`, "streams('corrupt/pixels')", "streams('corrupt/images')"),
    stages: ['of SNIP on corrupted data'],
    raise: 'the version of what is corrupted',
  },
  {
    kind: 'fit',
    title: 'the examples as they are, not the spoilt ones',
    edit: edit(`${kinds}/fit.ts`, 'labels: both.labels.subarray(count)', 'labels: both.labels.subarray(0, count)'),
    stages: ['to labels of the seed'],
    raise: 'fit in the harness',
  },
]
