/** The cases: what is measured, on how many processes and threads, against which peers. */
import type { ScoreWork, TrainWork, Work } from './work.js'

/** Memory layout of the peer's images and kernels: PyTorch's default (NCHW), or `channels_last`. */
export type Layout = 'default' | 'channels_last'

export interface Case {
  /** Tab-friendly. */
  readonly name: string
  readonly title: string
  /** The ratio is ours / peer of it: of rates, more is better; of times, less. */
  readonly unit: 'steps/s' | 'ms/step' | 'ms/mask'
  /** Threads inside one process. */
  readonly threads: number
  /** Processes side by side, each pinned to a core of its own if there are several; their rates are summed. */
  readonly processes: number
  readonly work: Work
  /** The peer's program in perf/peer, and the layouts it is run in: each in processes of its own. */
  readonly peer: { readonly script: string; readonly layouts: readonly Layout[] }
  /** Rounds that count, timings a round, and steps of one timing. */
  readonly rounds: number
  readonly steps: number
  readonly repeats: number
  /** Whether a step is so long that no round is needed to warm up; whatever is compiled is compiled before. */
  readonly warm?: boolean
  /** Steps with `--quick`, which leaves out what has none. */
  readonly quickSteps?: number
}

const lenet = (name: string, title: string, threads: number, processes: number, masked: boolean): Case => ({
  name: `lenet-${name}`,
  title: `LeNet-300-100, batch 60, Adam, ${masked ? 'masked' : 'dense'}, synthetic images: ${title}`,
  unit: 'steps/s',
  threads,
  processes,
  work: {
    task: 'train',
    model: 'lenet-300-100',
    batch: 60,
    examples: 55_000,
    masked,
    optimizer: { name: 'adam', learningRate: 1.2e-3 },
  },
  peer: { script: 'lenet.py', layouts: ['default'] },
  rounds: 5,
  steps: 1000,
  repeats: 3,
  quickSteps: 20,
})

const LAYOUTS = ['default', 'channels_last'] as const
const EXAMPLES = 10_000
const sgd = { name: 'sgd', learningRate: 0.01, momentum: 0.9 } as const
/** Of Conv-4 in Frankle & Carbin 2019 (claims.md 1.b). */
const adam = { name: 'adam', learningRate: 3e-4 } as const

type ConvOptions = Pick<TrainWork, 'model' | 'batch'> &
  Partial<Pick<TrainWork, 'optimizer'>> &
  Pick<Case, 'steps' | 'quickSteps'>

const conv = (
  name: string,
  title: string,
  { model, batch, optimizer = sgd, steps, quickSteps }: ConvOptions,
): Case => ({
  name: `conv-${name}`,
  title: `${title}, batch ${batch}, ${optimizer.name === 'sgd' ? 'SGD with momentum' : 'Adam'}, masked, synthetic images, two threads`,
  unit: 'ms/step',
  threads: 2,
  processes: 1,
  work: { task: 'train', model, batch, examples: EXAMPLES, masked: true, optimizer },
  peer: { script: 'conv.py', layouts: LAYOUTS },
  rounds: 5,
  steps,
  repeats: 2,
  quickSteps,
})

const inference: Case = {
  name: 'conv-resnet-20-inference',
  title: 'ResNet-20, inference, batch 256, synthetic images, two threads',
  unit: 'ms/step',
  threads: 2,
  processes: 1,
  work: { task: 'infer', model: 'resnet-20', batch: 256, examples: EXAMPLES },
  peer: { script: 'conv.py', layouts: LAYOUTS },
  rounds: 5,
  steps: 20,
  repeats: 2,
  quickSteps: 1,
}

const scored = [
  ['vgg-16', 'VGG-16 with batch norm'],
  ['resnet-18', 'ResNet-18'],
] as const

type ScoreOptions = Pick<ScoreWork, 'method' | 'batch'> & Partial<Pick<ScoreWork, 'rounds' | 'precision' | 'passes'>>

/** Too long for `--quick`; perf.test.ts runs the same code on a small network. */
const scoring = (
  suffix: string,
  title: string,
  { rounds = 1, precision = 'float32', ...work }: ScoreOptions,
): readonly Case[] =>
  scored.map(([model, name]) => ({
    name: `score-${work.method}-${model}${suffix}`,
    title: `${name}, ${title}, density 0.05, from weights to mask, two threads`,
    unit: 'ms/mask',
    threads: 2,
    processes: 1,
    work: { task: 'score', model, density: 0.05, examples: 1000, rounds, precision, ...work },
    peer: { script: 'scoring.py', layouts: LAYOUTS },
    rounds: rounds > 1 ? 2 : 3,
    warm: rounds > 1,
    steps: 1,
    repeats: rounds > 1 ? 1 : 2,
  }))

export const cases: readonly Case[] = [
  lenet('1-thread', 'one thread', 1, 1, true),
  lenet('2-threads', 'two threads', 2, 1, true),
  lenet('2-workers', 'two processes, a core each, summed', 1, 2, true),
  lenet('dense-1-thread', 'one thread', 1, 1, false),
  lenet('dense-2-threads', 'two threads', 2, 1, false),
  conv('resnet-20', 'ResNet-20', { model: 'resnet-20', batch: 128, steps: 15, quickSteps: 1 }),
  conv('resnet-18', 'ResNet-18', { model: 'resnet-18', batch: 128, steps: 3 }),
  conv('vgg-16', 'VGG-16 with batch norm', { model: 'vgg-16', batch: 128, steps: 4 }),
  conv('conv-4', 'Conv-4', { model: 'conv-4', batch: 60, steps: 30, quickSteps: 1 }),
  conv('conv-4-adam', 'Conv-4', { model: 'conv-4', batch: 60, steps: 30, optimizer: adam, quickSteps: 1 }),
  conv('lenet-5', 'LeNet-5-Caffe', { model: 'lenet-5-caffe', batch: 100, steps: 200, quickSteps: 10 }),
  inference,
  ...scoring('', 'SNIP, batch 128', { method: 'snip', batch: 128 }),
  ...scoring('', "GraSP, 100 examples, the peer as its authors' code", { method: 'grasp', batch: 100, passes: 2 }),
  ...scoring('-one-pass', 'GraSP, 100 examples, the peer without the first pass', {
    method: 'grasp',
    batch: 100,
    passes: 1,
  }),
  ...scoring('', 'SynFlow, 100 rounds', { method: 'synflow', batch: 1, rounds: 100 }),
  ...scoring('-float64', 'SynFlow, 100 rounds in doubles', {
    method: 'synflow',
    batch: 1,
    rounds: 100,
    precision: 'float64',
  }),
]
