/** `tickets train`: one training run from flags, of a dense network or a ticket. */
import { resolve } from 'node:path'
import {
  classificationTask,
  loadDataset,
  splitDataset,
  type Ticket,
  type TrainResult,
  train,
  UserError,
  writeTicket,
} from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import { type Command, Option } from 'commander'
import { ensureWritableFile } from '../store/files.js'
import { jsonOption, numberWithin, wholeNumber } from './options.js'
import { keyValueOption, modelOption, validationOf, withInterruption } from './setup.js'
import { type PlainControl, type StartFlags, startOf } from './start.js'
import { print, progressBar } from './train-output.js'
import {
  addEngineFlags,
  addRecipeFlags,
  type EngineFlags,
  engineOptions,
  type RecipeFlags,
  recipeOf,
} from './training-options.js'

interface TrainOptions extends StartFlags, RecipeFlags, EngineFlags {
  readonly out?: string
  readonly checkpoint?: string
  readonly json?: boolean
}

const CONTROLS: readonly PlainControl[] = [
  'reinit',
  'shuffled',
  'random-layerwise',
  'random-uniform',
  'random-global',
  'magnitude-at-init',
]

export function trainCommand(program: Command): void {
  const command = program
    .command('train')
    .summary('train one network or ticket')
    .description('Train a dense network, a ticket, or a network pruned at initialisation, and print what it reached.')
    .option(
      '-d, --dataset <name>',
      'data set, see `tickets data list` (default: the ticket’s, else fashion-mnist-extract)',
    )
    .addOption(modelOption('default: the ticket’s, else lenet-300-100'))
    .addOption(keyValueOption('--model-option', 'an option of the network, e.g. widthMultiplier=0.25; repeatable'))
  addRecipeFlags(command)
    .option('--validation <n>', 'training examples held out (default: a twelfth, 5,000 of MNIST)', wholeNumber(1))
    .option('-s, --seed <n>', 'root seed', wholeNumber(0), 1)
    .option('--density <d>', 'keep this fraction of the weights, the largest at initialisation', numberWithin(0, 1), 1)
    .option('-t, --ticket <file>', 'train the ticket in this file, from its weights')
    .addOption(
      new Option('--control <name>', 'train this control of the pruned network instead').choices([...CONTROLS]),
    )
    .option('-o, --out <file>', 'write the trained network as a ticket (safetensors)')
    .option('-c, --checkpoint <file>', 'write checkpoints here, and go on from it if it exists')
  addEngineFlags(command)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  tickets train                                        LeNet-300-100 on the shipped extract
  tickets train -d mnist -i 50000 --seed 2             the paper's dense network
  tickets train --density 0.1 --control reinit         a pruned network with fresh weights
  tickets train --out ticket.safetensors               keep the trained network
  tickets train --ticket ticket.safetensors --json     train a ticket, figures for a program
  tickets train --ticket ticket.safetensors --control shuffled   its mask shuffled within layers`,
    )
    .action(run)
}

async function run(options: TrainOptions): Promise<void> {
  const { seed, checkpoint, out, json } = options
  const plan = recipeOf(options)
  const how = engineOptions(options)
  checkFiles(options)
  const { network, ticket, dataset, ...start } = await startOf(options)
  for (const [file, option] of [
    [out, '--out FILE'],
    [checkpoint, '--checkpoint FILE'],
  ] as const) {
    if (file !== undefined) await ensureWritableFile(resolve(file), `choose another place with ${option}`)
  }
  const data = await loadDataset(dataset)
  const validation = validationOf(start.validation, data)
  const engine = await createEngine(how)
  const bar = progressBar(plan, json === true)
  try {
    const result = await withInterruption(stopped(checkpoint), (signal) =>
      train({
        model: network,
        task: classificationTask(splitDataset(data, { validation })),
        ticket,
        recipe: plan,
        seed,
        engine,
        signal,
        onProgress: bar.update,
        ...(checkpoint === undefined ? {} : { checkpoint: { path: checkpoint } }),
      }),
    )
    bar.stop()
    if (out !== undefined)
      await writeTicket(out, trainedTicket(ticket, result, { data: { name: dataset, validation }, seed }), network)
    print(result, data.note, { dataset, model: network.name, seed, ...(out && { out }), ...(json && { json }) })
  } finally {
    bar.stop()
    await engine.dispose()
  }
}

/** @throws UserError if one file would overwrite another */
function checkFiles({ ticket, out, checkpoint }: TrainOptions): void {
  const same = (a: string | undefined, b: string | undefined) =>
    a !== undefined && b !== undefined && resolve(a) === resolve(b)
  if (same(out, ticket)) throw new UserError(`--out ${out} is the ticket itself; give the trained one another name.`)
  if (same(checkpoint, ticket))
    throw new UserError(`--checkpoint ${checkpoint} is the ticket itself; give it another name.`)
  if (same(checkpoint, out)) throw new UserError(`--checkpoint ${checkpoint} is --out, too; give it another name.`)
}

const stopped = (checkpoint?: string) =>
  checkpoint === undefined
    ? 'Interrupted; with --checkpoint FILE the run could go on from here next time.'
    : `Interrupted; run the same command to go on from ${checkpoint}.`

/** The network at the end of the run, to be inspected or trained on. */
function trainedTicket(
  { mask, model, prunable, provenance }: Ticket,
  { final }: TrainResult,
  from: { readonly data: { readonly name: string; readonly validation: number }; readonly seed: number },
): Ticket {
  return {
    model,
    prunable,
    weights: final.weights,
    step: 0,
    provenance: { command: 'train', ...from, iteration: final.step, of: provenance },
    ...(mask === undefined ? {} : { mask }),
  }
}
