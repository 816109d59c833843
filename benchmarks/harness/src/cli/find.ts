/** `tickets find`: a ticket by any method of the repository, in a file that anyone can check. */
import { resolve } from 'node:path'
import {
  isConnected,
  loadDataset,
  type Method,
  type Model,
  type ModelName,
  type PrunablePolicy,
  splitDataset,
  UserError,
  withPrunable,
} from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import { type Command, Option } from 'commander'
import { ensureWritableFile } from '../store/files.js'
import { chosenOptions, methodList, methodNamed } from './find-method.js'
import { findInto, foundText } from './find-ticket.js'
import { addRequired, jsonOption, numberWithin, warn, wholeNumber } from './options.js'
import {
  checkKeeps,
  datasetName,
  type KeyValue,
  keyValueOption,
  modelFor,
  modelOption,
  optionsOf,
  validationOf,
  withInterruption,
} from './setup.js'
import { findProgress } from './train-output.js'
import {
  addEngineFlags,
  addRecipeFlags,
  type EngineFlags,
  engineOptions,
  RECIPE_FLAGS,
  type RecipeFlags,
  recipeOf,
} from './training-options.js'

interface FindOptions extends RecipeFlags, EngineFlags {
  readonly method: string
  readonly dataset: string
  readonly model: ModelName
  readonly modelOption: readonly KeyValue[]
  readonly density: number
  readonly option: readonly KeyValue[]
  readonly validation?: number
  readonly seed: number
  readonly saveScoringBatch?: boolean
  readonly out?: string
  readonly json?: boolean
}

/** @param methods those that were discovered; the help lists them */
export function findCommand(program: Command, methods: readonly Method[]): void {
  const command = program
    .command('find')
    .summary('find a ticket by any method')
    .description('Find a ticket, and write it with its initial weights, mask and scores (docs/tickets.md).')
  addRequired(
    command,
    new Option('-M, --method <name>', `${methods.map(({ name }) => name).join(', ')}; their options are below`),
  )
    .option('-d, --dataset <name>', 'data set, see `tickets data list`', 'fashion-mnist-extract')
    .addOption(modelOption('default: lenet-300-100').default('lenet-300-100', ''))
    .addOption(keyValueOption('--model-option', 'an option of the network, e.g. widthMultiplier=0.25; repeatable'))
  addRequired(
    command,
    new Option('--density <d>', 'keep this fraction of the prunable weights').argParser(numberWithin(0, 1)),
  )
    .addOption(keyValueOption('--option', 'an option of the method, e.g. rounds=10; repeatable'))
    .option('--validation <n>', 'training examples held out (default: a twelfth, 5,000 of MNIST)', wholeNumber(1))
    .option('-s, --seed <n>', 'root seed: initial weights, scoring examples, data order', wholeNumber(0), 1)
    .option('-o, --out <file>', 'the ticket (default: named by method, model, data set, density and seed)')
    .option('--save-scoring-batch', 'write the examples that the scores were computed on, too')
  addRecipeFlags(command.optionsGroup('Options of training, for methods that train:')).optionsGroup('Options:')
  addEngineFlags(command)
    .addOption(jsonOption())
    .addHelpText('after', () => `\nMethods and their options (KEY=DEFAULT):\n${methodList(methods)}\n`)
    .addHelpText(
      'after',
      `
Examples:
  tickets find -M snip -m vgg16 -d cifar10 --density 0.05 --seed 1 --out ticket.safetensors
  tickets find -M magnitude --density 0.1 --option scope=layerwise
  tickets find -M imp --density 0.2 -i 1000 --option rewindTo=100
  tickets inspect ticket.safetensors
  tickets train --ticket ticket.safetensors`,
    )
    .action((options: FindOptions) => find(options, command, methods))
}

async function find(options: FindOptions, command: Command, methods: readonly Method[]): Promise<void> {
  const { density, seed, saveScoringBatch = false, json = false } = options
  const began = performance.now()
  const method = methodNamed(methods, options.method)
  const chosen = chosenOptions(method, density, optionsOf(options.option, '--option'))
  checkRecipeFlags(method, command)
  const plan = recipeOf(options)
  const how = engineOptions(options)
  const dataset = datasetName(options.dataset)
  const network = modelFor(options.model, optionsOf(options.modelOption, '--model-option'), dataset)
  checkKeeps(withPrunable(network, chosen.prunable as PrunablePolicy | undefined), density)
  const { out = fileName(method, network, dataset, options) } = options
  await ensureWritableFile(resolve(out), 'choose another place with --out FILE')

  const data = await loadDataset(dataset)
  const validation = validationOf(options.validation, data)
  const split = splitDataset(data, { validation })
  const loaded = performance.now()
  const engine = await createEngine(how)
  const progress = findProgress(method.name, plan, json)
  try {
    const request = { method, chosen, network, data, split, validation, recipe: plan, seed, engine, out }
    const found = await withInterruption('Interrupted; nothing was written.', (signal) =>
      findInto({ ...request, saveBatch: saveScoringBatch, ...progress.watch, signal }),
    )
    progress.stop()
    if (saveScoringBatch && found.examples === undefined) {
      warn(`${method.name} looks at no examples for its scores, so there is no scoring batch to save.`)
    }
    const seconds = { data: (loaded - began) / 1000, ...found.seconds }
    const used = found.engine ?? engine.description
    const { network: masked, ticket } = found
    const connected = ticket.mask === undefined || (await isConnected(engine, masked, ticket.mask))
    process.stdout.write(`${foundText(found, { ...request, engine: used, connected, seconds, json })}\n`)
  } finally {
    progress.stop()
    await engine.dispose()
  }
}

/** "snip_vgg-16_cifar-10_0.05_seed-1.safetensors" */
const fileName = ({ name }: Method, network: Model, dataset: string, { density, seed }: FindOptions) =>
  `${name}_${network.name}_${dataset}_${density}_seed-${seed}.safetensors`

/** @throws UserError for a flag of training that the method would ignore */
function checkRecipeFlags({ name, trains }: Method, command: Command): void {
  if (trains) return
  const given = RECIPE_FLAGS.find((flag) => command.getOptionValueSource(flag) === 'cli')
  if (given === undefined) return
  const { long } = command.options.find((option) => option.attributeName() === given)!
  throw new UserError(`${long} is of training, and ${name} trains nothing; leave it out, or choose a method that does.`)
}
