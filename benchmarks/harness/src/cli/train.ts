/** `tickets train`: one training run from flags, of a dense network or a ticket. */
import { resolve } from 'node:path'
import {
  applyTicket,
  type ControlName,
  classificationTask,
  controlSchema,
  controlTicket,
  denseTicket,
  densityRecord,
  initialWeights,
  loadDataset,
  type Model,
  type ModelName,
  magnitudes,
  maskedTicket,
  model,
  modelNames,
  type Recipe,
  readTicket,
  recipe,
  selectCount,
  splitDataset,
  type Ticket,
  type TrainResult,
  train,
  UserError,
  writeTicket,
} from '@winning-tickets/core'
import { createEngine, type EngineOptions } from '@winning-tickets/jit'
import { type Command, Option } from 'commander'
import { ensureWritableFile } from '../store/files.js'
import { Interruption, jsonOption, numberWithin, wholeNumber } from './options.js'
import { print, progressBar } from './train-output.js'

interface TrainOptions {
  readonly dataset: string
  readonly model: ModelName
  readonly iterations: number
  readonly batchSize: number
  readonly optimizer: 'adam' | 'sgd'
  readonly learningRate: number
  readonly momentum: number
  readonly weightDecay: number
  readonly warmup: number
  readonly evaluateEvery: number
  readonly validation?: number
  readonly seed: number
  readonly density: number
  readonly ticket?: string
  readonly control?: ControlName
  readonly out?: string
  readonly checkpoint?: string
  readonly engine: NonNullable<EngineOptions['name']>
  readonly backend: NonNullable<EngineOptions['backend']>
  readonly threads: number
  readonly json?: boolean
}

const CONTROLS: readonly ControlName[] = ['reinit', 'shuffled', 'random-layerwise', 'random-uniform', 'random-global']

export function trainCommand(program: Command): void {
  program
    .command('train')
    .summary('train one network or ticket')
    .description('Train a dense network, a ticket, or a network pruned at initialisation, and print what it reached.')
    .option('-d, --dataset <name>', 'data set, see `tickets data list`', 'fashion-mnist-extract')
    .addOption(new Option('-m, --model <name>', 'network').choices([...modelNames]).default('lenet-300-100'))
    .option('-i, --iterations <n>', 'training steps', wholeNumber(1), 1000)
    .option('-b, --batch-size <n>', 'examples a step', wholeNumber(1), 60)
    .addOption(new Option('--optimizer <name>', 'update rule').choices(['adam', 'sgd']).default('adam'))
    .option('-l, --learning-rate <x>', 'learning rate', numberWithin(0, Number.POSITIVE_INFINITY), 1.2e-3)
    .option('--momentum <x>', 'momentum of sgd', numberWithin(0, 1, true), 0)
    .option('--weight-decay <x>', 'L2 penalty', numberWithin(0, Number.POSITIVE_INFINITY, true), 0)
    .option('--warmup <n>', 'steps over which the learning rate rises from 0', wholeNumber(0), 0)
    .option('--evaluate-every <n>', 'steps between validations', wholeNumber(1), 100)
    .option('--validation <n>', 'training examples held out (default: a twelfth, 5,000 of MNIST)', wholeNumber(1))
    .option('-s, --seed <n>', 'root seed', wholeNumber(0), 1)
    .option('--density <d>', 'keep this fraction of the weights, the largest at initialisation', numberWithin(0, 1), 1)
    .option('-t, --ticket <file>', 'train the ticket in this file, written by --out')
    .addOption(
      new Option('--control <name>', 'train this control of the pruned network instead').choices([...CONTROLS]),
    )
    .option('-o, --out <file>', 'write the trained network as a ticket (safetensors)')
    .option('-c, --checkpoint <file>', 'write checkpoints here, and go on from it if it exists')
    .addOption(
      new Option('-e, --engine <name>', 'what computes').choices(['onnxruntime', 'tensorflow']).default('onnxruntime'),
    )
    .addOption(
      new Option('--backend <name>', 'of the engine tensorflow')
        .choices(['cpu', 'tfjs-node', 'tfjs-node-gpu'])
        .default('cpu'),
    )
    .option('--threads <n>', 'threads of one operation', wholeNumber(1, 256), 1)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  tickets train                                        LeNet-300-100 on the shipped extract
  tickets train -d mnist -i 50000 --seed 2             the paper's dense network
  tickets train --density 0.1 --control reinit         a pruned network with fresh weights
  tickets train --out ticket.safetensors               keep the trained network
  tickets train --ticket ticket.safetensors --json     train a ticket, figures for a program`,
    )
    .action(run)
}

async function run(options: TrainOptions): Promise<void> {
  checkTogether(options)
  const { dataset, seed, engine: name, backend, threads, checkpoint, out, json } = options
  const plan = recipeOf(options)
  const network = model(options.model)
  const ticket = await ticketOf(options, network)
  for (const [file, option] of [
    [out, '--out FILE'],
    [checkpoint, '--checkpoint FILE'],
  ] as const) {
    if (file !== undefined) await ensureWritableFile(resolve(file), `choose another place with ${option}`)
  }
  const data = await loadDataset(dataset)
  const { count } = data.train
  const { validation = Math.round(count / 12) } = options
  if (validation >= count) {
    throw new UserError(`--validation ${validation} leaves none of the ${count} examples for training; give fewer.`)
  }
  const engine = await createEngine({ name, backend, threads })
  const bar = progressBar(plan, json === true)
  const interruption = new AbortController()
  const stop = () => interruption.abort(new Interruption(stopped(checkpoint)))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    const result = await train({
      model: network,
      task: classificationTask(splitDataset(data, { validation })),
      ticket,
      recipe: plan,
      seed,
      engine,
      signal: interruption.signal,
      onProgress: bar.update,
      ...(checkpoint === undefined ? {} : { checkpoint: { path: checkpoint } }),
    })
    bar.stop()
    if (out !== undefined) await writeTicket(out, trainedTicket(ticket, result, options), network)
    print(result, data.note, options)
  } finally {
    bar.stop()
    process.off('SIGINT', stop).off('SIGTERM', stop)
    await engine.dispose()
  }
}

const stopped = (checkpoint?: string) =>
  checkpoint === undefined
    ? 'Interrupted; with --checkpoint FILE the run could go on from here next time.'
    : `Interrupted; run the same command to go on from ${checkpoint}.`

function recipeOf({ optimizer, momentum, weightDecay, ...rest }: TrainOptions): Recipe {
  const { learningRate, warmup, iterations, batchSize, evaluateEvery } = rest
  return recipe({
    optimizer: optimizer === 'adam' ? { name: 'adam', weightDecay } : { name: 'sgd', momentum, weightDecay },
    learningRate,
    warmup,
    iterations,
    batchSize,
    evaluateEvery,
  })
}

/** @throws UserError for an option that would do nothing beside the others */
function checkTogether({ optimizer, momentum, engine, backend, ticket, density }: TrainOptions): void {
  if (momentum > 0 && optimizer !== 'sgd') {
    throw new UserError(`--momentum ${momentum} is of sgd, not of ${optimizer}; add --optimizer sgd or leave it out.`)
  }
  if (backend !== 'cpu' && engine !== 'tensorflow') {
    throw new UserError(`--backend ${backend} is of another engine; add --engine tensorflow or leave it out.`)
  }
  if (ticket !== undefined && density !== 1) {
    throw new UserError('--ticket brings its own mask; leave --density out.')
  }
}

async function ticketOf({ ticket: file, density, control, seed }: TrainOptions, network: Model): Promise<Ticket> {
  const origin = initialWeights(network, seed)
  let ticket =
    file === undefined ? denseTicket(network, seed) : applyTicket(await readTicket(file), network, { head: 'keep' })
  if (density < 1) {
    const { prunable } = densityRecord(network)
    const mask = selectCount(magnitudes(network, origin), Math.max(1, Math.round(density * prunable)))
    ticket = maskedTicket(network, {
      mask,
      weights: origin,
      step: 0,
      provenance: { method: 'magnitude-at-init', seed, density },
    })
  }
  if (control === undefined) return ticket
  if (ticket.mask === undefined)
    throw new UserError(
      `--control ${control} needs a pruned network; give --density below 1 or a --ticket with a mask.`,
    )
  if (file !== undefined && control === 'shuffled') {
    throw new UserError(
      '--control shuffled needs the weights under the mask, which a ticket does not keep; use --density, or another control.',
    )
  }
  return controlTicket(ticket, controlSchema.parse({ name: control }), { model: network, seed, origin })
}

/** The network at the end of the run, to be inspected or trained on. */
function trainedTicket(
  { mask, model, prunable, provenance }: Ticket,
  { final }: TrainResult,
  { dataset, seed }: TrainOptions,
): Ticket {
  const from = { command: 'train', dataset, seed, iteration: final.step, of: provenance }
  return { model, prunable, weights: final.weights, step: 0, provenance: from, ...(mask === undefined ? {} : { mask }) }
}
