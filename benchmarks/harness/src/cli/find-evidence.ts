/** What `tickets find` writes and tells beside the ticket itself. */
import {
  type ClassificationData,
  type Dataset,
  initialWeights,
  type JsonObject,
  type Method,
  type Model,
  type NamedTensors,
  type Recipe,
  type ScoredTicket,
  type TicketEvidence,
} from '@winning-tickets/core'
import { layerLines, percent, ticketShape } from '../report/layers.js'
import { count } from '../report/words.js'

/** The weights from before masking, the scores, and, if wanted, the examples that these were computed on. */
export function evidenceOf(
  { scores, examples, origin }: ScoredTicket,
  network: Model,
  { seed, saveBatch }: { readonly seed: number; readonly saveBatch: boolean },
): TicketEvidence {
  const initial = origin ?? initialWeights(network, seed)
  if (!saveBatch || examples === undefined) return { initial, scores }
  const { inputs, labels, indices } = examples
  const shape = [labels.length]
  const batch: NamedTensors = {
    // As the network takes them: [n, height, width, channels], or [n, elements] for a network on flat inputs.
    images: { dtype: 'float32', shape: [...shape, ...network.inputShape], data: inputs },
    labels: { dtype: 'uint8', shape, data: labels },
    indices: { dtype: 'int32', shape, data: indices },
  }
  return { initial, scores, batch }
}

export interface Found {
  readonly method: Method
  /** The method's options with all defaults. */
  readonly chosen: JsonObject
  readonly seed: number
  readonly data: Dataset
  readonly split: ClassificationData
  readonly validation: number
  readonly recipe: Recipe
}

/** Where the ticket comes from: enough to find it again. */
export function provenanceOf(ticket: JsonObject, found: Found): JsonObject {
  const { method, chosen, seed, data, split, validation, recipe } = found
  const { name, note, hash } = data
  return {
    ...ticket,
    command: 'find',
    method: method.name,
    options: chosen,
    seed,
    data: { name, ...(note === undefined ? {} : { note }), hash, id: split.id, validation },
    ...(method.trains ? { recipe: recipe as unknown as JsonObject } : {}),
  }
}

/** Seconds of each part of the command. */
export interface Seconds {
  readonly data: number
  readonly find: number
  readonly write: number
}

export interface Told extends Found {
  readonly out: string
  readonly seconds: Seconds
  /** What computed. */
  readonly engine: string
  readonly json?: boolean
}

/** What was found, as lines for a person or as JSON. */
export function foundText({ ticket, examples }: ScoredTicket, network: Model, told: Told): string {
  const { method, chosen, seed, data, out, seconds, engine, json } = told
  const shape = ticketShape(network, ticket.mask)
  const { density, layers, collapsed, flops } = shape
  if (json) {
    const { name, note, hash } = data
    const text = {
      file: out,
      method: method.name,
      options: chosen,
      seed,
      model: network.config,
      data: { name, note: note ?? null, hash },
      prunable: ticket.prunable,
      step: ticket.step,
      density,
      layers,
      collapsed,
      flops,
      examples: examples?.labels.length ?? null,
      engine,
      seconds,
      peakMemory: peakMemory(),
    }
    return JSON.stringify(text, null, 1)
  }
  const { kept, prunable } = density
  const scored = examples === undefined ? '' : `, scored on ${count(examples.labels.length, 'example')}`
  const shown = (value: number) => `${value < 10 ? value.toFixed(2) : value.toFixed(1)} s`
  return [
    `${method.name} on ${network.name} and ${data.name}${data.note === undefined ? '' : ` (${data.note})`}, seed ${seed}${scored}`,
    `${kept.toLocaleString('en')} of ${prunable.toLocaleString('en')} weights (${percent(density.density)}), ${percent(flops.sparse / flops.dense)} of the FLOPs`,
    '',
    ...layerLines(shape),
    '',
    `data ${shown(seconds.data)}, finding ${shown(seconds.find)}, writing ${shown(seconds.write)}; peak memory ${Math.round(peakMemory() / 1e6)} MB`,
    `written to ${out}`,
  ].join('\n')
}

/** Of this process so far, in bytes. */
const peakMemory = () => 1024 * process.resourceUsage().maxRSS
