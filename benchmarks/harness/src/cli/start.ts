/** What `tickets train` starts from: a dense network, one pruned by magnitude, or the ticket in a file; or a control. */
import {
  applyTicket,
  type Control,
  controlTicket,
  datasetInfo,
  denseTicket,
  initialWeights,
  type JsonObject,
  type Model,
  type ModelName,
  magnitudes,
  maskedTicket,
  prunablePolicies,
  readTicketFile,
  select,
  sizeOf,
  type Ticket,
  type TicketFile,
  UserError,
  type Weights,
  withPrunable,
} from '@winning-tickets/core'
import { checkKeeps, datasetName, type KeyValue, modelFor, modelOf, optionsOf } from './setup.js'

/** Controls that need no option of their own. */
export type PlainControl = Exclude<Control['name'], 'noise'>

export interface StartFlags {
  readonly dataset?: string
  readonly model?: ModelName
  readonly modelOption: readonly KeyValue[]
  readonly validation?: number
  readonly seed: number
  readonly density: number
  readonly ticket?: string
  readonly control?: PlainControl
}

export interface Start {
  readonly network: Model
  readonly ticket: Ticket
  readonly dataset: string
  /** Training examples held out, where the flags or the ticket say. */
  readonly validation: number | undefined
}

const DATASET = 'fashion-mnist-extract'
const MODEL: ModelName = 'lenet-300-100'

/** @throws UserError for flags that do not go together, and a ticket that fits neither the model nor the data */
export async function startOf(flags: StartFlags): Promise<Start> {
  const { ticket: file, density, control } = flags
  if (file !== undefined && density !== 1) {
    throw new UserError('--ticket brings its own mask; leave --density out.')
  }
  const start = file === undefined ? fresh(flags) : await fromFile(file, flags)
  if (control === undefined) return start
  return { ...start, ticket: controlOf(start, control, flags) }
}

type Origin = Start & {
  /** The weights under the mask and beside it, if they are known. */
  readonly origin: Weights | undefined
}

function fresh({
  dataset: given = DATASET,
  model = MODEL,
  modelOption,
  validation,
  seed,
  density,
}: StartFlags): Origin {
  const dataset = datasetName(given)
  const network = modelFor(model, optionsOf(modelOption, '--model-option'), dataset)
  const origin = initialWeights(network, seed)
  const common = { network, dataset, validation, origin }
  if (density === 1) return { ...common, ticket: denseTicket(network, seed) }
  checkKeeps(network, density)
  const mask = select(magnitudes(network, origin), { scope: 'global', density })
  const provenance = { method: 'magnitude-at-init', seed, density }
  return { ...common, ticket: maskedTicket(network, { mask, weights: origin, step: 0, provenance }) }
}

/** Data set, model and split are the ticket's where the flags do not say otherwise. */
async function fromFile(file: string, { dataset, model, modelOption, validation }: StartFlags): Promise<Origin> {
  const found = await readTicketFile(file)
  const data = dataOf(found)
  const name = datasetName(dataset ?? data.name ?? DATASET)
  if (model === undefined && modelOption.length > 0) {
    throw new UserError('--ticket brings the options of its model; leave --model-option out, or add --model.')
  }
  const network =
    model === undefined
      ? modelOf(found, file)
      : coveredAs(found.ticket, modelFor(model, optionsOf(modelOption, '--model-option'), name))
  const ticket = applyTicket(found.ticket, network, { head: 'keep' })
  checkFits(network, name, file)
  return {
    network,
    ticket,
    dataset: name,
    validation: validation ?? (name === data.name ? data.validation : undefined),
    origin: found.initial,
  }
}

/** The model with the prunable parameters that the ticket's mask covers. */
const coveredAs = ({ prunable }: Ticket, network: Model): Model =>
  withPrunable(
    network,
    prunablePolicies.find((policy) => policy === prunable),
  )

/** The data set that a ticket was found on, and its validation examples, as `tickets find` writes them. */
function dataOf({ ticket: { provenance } }: TicketFile): { readonly name?: string; readonly validation?: number } {
  const { data } = provenance
  if (typeof data !== 'object' || data === null) return {}
  const { name, validation } = data as JsonObject
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof validation === 'number' ? { validation } : {}),
  }
}

/** @throws UserError unless images and classes are those that the network takes */
function checkFits(network: Model, dataset: string, file: string): void {
  const { imageShape, classes } = datasetInfo(dataset)
  if (sizeOf(network.inputShape) === sizeOf(imageShape) && network.classes === classes) return
  throw new UserError(
    `The ticket ${file} is of ${network.name} with inputs of [${network.inputShape}] and ${network.classes} classes, but ${dataset} has images of [${imageShape}] and ${classes} classes; choose another --dataset.`,
  )
}

function controlOf(
  { network, ticket, origin }: Origin,
  control: PlainControl,
  { seed, ticket: file }: StartFlags,
): Ticket {
  if (ticket.mask === undefined) {
    throw new UserError(
      `--control ${control} needs a pruned network; give --density below 1 or a --ticket with a mask.`,
    )
  }
  if (origin === undefined && (control === 'shuffled' || control === 'magnitude-at-init')) {
    throw new UserError(
      `--control ${control} needs the weights from before masking, which ${file} does not have; give a ticket that \`tickets find\` wrote, or use --density, or another control.`,
    )
  }
  const made: Control = control === 'magnitude-at-init' ? { name: control } : { name: control, replicate: 0 }
  return controlTicket(ticket, made, { model: network, seed, origin: origin ?? ticket.weights })
}
