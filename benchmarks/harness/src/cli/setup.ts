/** What the commands on single networks share: the model that suits a data set, key=value options, a ticket's file. */
import {
  type Dataset,
  datasetInfo,
  datasetNames,
  densityRecord,
  type JsonObject,
  keptCount,
  type Model,
  type ModelName,
  model,
  modelNames,
  sizeOf,
  type TicketFile,
  UserError,
} from '@winning-tickets/core'
import { InvalidArgumentError, Option } from 'commander'
import { Interruption } from './options.js'

const plain = (name: string) => name.toLowerCase().replaceAll('-', '')

/** The name of a list that is meant: itself, or the one that differs only in dashes ("vgg16"). */
export const meant = <Name extends string>(given: string, names: readonly Name[]): Name | undefined =>
  names.find((name) => name === given) ?? names.find((name) => plain(name) === plain(given))

export const modelOption = (unless: string) =>
  new Option('-m, --model <name>', `network (${unless}): ${modelNames.join(', ')}`).argParser(
    (given: string): ModelName => {
      const name = meant(given, modelNames)
      if (name === undefined) throw new InvalidArgumentError(`Allowed choices are ${modelNames.join(', ')}.`)
      return name
    },
  )

/** @throws UserError if none of the weights that a mask may cover would be left */
export function checkKeeps(network: Model, density: number): void {
  const { prunable } = densityRecord(network)
  if (keptCount(density, prunable) > 0) return
  throw new UserError(
    `--density ${density} keeps none of ${prunable} weights; give at least ${(1 / prunable).toPrecision(2)}.`,
  )
}

/** The registered name of a data set; an unknown one stays as it is, for the registry to refuse. */
export const datasetName = (given: string): string => meant(given, datasetNames) ?? given

export interface KeyValue {
  readonly key: string
  readonly value: JsonObject[string]
}

/** A repeatable option key=value; values are JSON, and text where they are not. */
export const keyValueOption = (flag: string, description: string) =>
  new Option(`${flag} <key=value>`, description)
    .default([] as readonly KeyValue[], '')
    .argParser((given: string, before: readonly KeyValue[]) => {
      const [, key, text] = /^([^=]+)=(.*)$/s.exec(given) ?? []
      if (key === undefined || text === undefined) throw new InvalidArgumentError('Give it as key=value.')
      return [...before, { key, value: jsonOrText(text) }]
    })

function jsonOrText(text: string): JsonObject[string] {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/**
 * The options that key=value pairs name; "rates.scope" is a field of a field.
 *
 * @throws UserError for a key that is given twice
 */
export function optionsOf(pairs: readonly KeyValue[], flag: string): JsonObject {
  type Fields = { [key: string]: JsonObject[string] | Fields }
  const options: Fields = {}
  for (const { key, value } of pairs) {
    const path = key.split('.')
    const last = path.pop()!
    let at = options
    for (const part of path) {
      const inner = Object.hasOwn(at, part) ? at[part] : {}
      at[part] = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Fields) : {}
      at = at[part] as Fields
    }
    if (Object.hasOwn(at, last)) throw new UserError(`${flag} ${key} is given twice; give it once.`)
    at[last] = value
  }
  return options as JsonObject
}

/** The network of a name for a data set: its input and classes are the data's where the network's own do not fit. */
export function modelFor(name: ModelName, given: JsonObject, dataset: string): Model {
  const { imageShape, classes } = datasetInfo(dataset)
  const build = (options: JsonObject) => {
    try {
      return model(name, options as never)
    } catch (error) {
      if (!(error instanceof UserError) || Object.keys(given).length === 0) throw error
      throw new UserError(`${error.message.replace(/\.$/, '')}; correct --model-option.`)
    }
  }
  const own = build(given)
  const adapted = {
    ...(given.inputShape === undefined && sizeOf(own.inputShape) !== sizeOf(imageShape)
      ? { inputShape: [...imageShape] }
      : {}),
    ...(given.classes === undefined && own.classes !== classes ? { classes } : {}),
  }
  return Object.keys(adapted).length === 0 ? own : build({ ...given, ...adapted })
}

/** The network that a ticket's file names. @throws UserError for one that this version does not have */
export function modelOf({ ticket, config }: TicketFile, file: string): Model {
  const name = meant(ticket.model, modelNames)
  if (name === undefined)
    throw new UserError(`${file} is a ticket of the model "${ticket.model}"; there are ${modelNames.join(', ')}.`)
  const { name: _, ...options } = config ?? {}
  return model(name, options as never)
}

/** Training examples that are held out: as many as asked for, else a twelfth. @throws UserError if none are left */
export function validationOf(given: number | undefined, { train: { count } }: Dataset): number {
  const validation = given ?? Math.round(count / 12)
  if (validation < count) return validation
  throw new UserError(`--validation ${validation} leaves none of the ${count} examples for training; give fewer.`)
}

/** Runs with a signal that Ctrl-C and TERM abort; they are then told by the message. */
export async function withInterruption<T>(message: string, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController()
  const stop = () => interruption.abort(new Interruption(message))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await body(interruption.signal)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}
