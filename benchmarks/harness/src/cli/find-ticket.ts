/** Finding a ticket and writing it down with what its mask can be checked by. */
import {
  type ClassificationData,
  classificationTask,
  type Dataset,
  initialWeights,
  type JsonObject,
  type Method,
  type MethodContext,
  type Model,
  type NamedTensors,
  type PrunablePolicy,
  type ScoredTicket,
  type TicketEvidence,
  withPrunable,
  writeTicket,
} from '@winning-tickets/core'
import { CUT, layerLines, percent, ticketShape } from '../report/layers.js'
import { count } from '../report/words.js'

/** All that a ticket comes from. */
export interface Request extends Pick<MethodContext, 'recipe' | 'seed'> {
  readonly method: Method
  /** The method's options with all defaults. */
  readonly chosen: JsonObject
  readonly network: Model
  /** What the data set is called, and its hash. */
  readonly data: Pick<Dataset, 'name' | 'note' | 'hash'>
  readonly split: ClassificationData
  /** Examples held out of training. */
  readonly validation: number
  /** The file to write. */
  readonly out: string
}

type Running = Pick<MethodContext, 'engine' | 'signal' | 'onProgress' | 'onRound'> & { readonly saveBatch: boolean }

export interface Written extends ScoredTicket {
  /** With the prunable parameters of the ticket's own policy. */
  readonly network: Model
  readonly seconds: { readonly find: number; readonly write: number }
}

/** Finds a ticket and writes it to the request's file. */
export async function findInto({ saveBatch, ...request }: Request & Running): Promise<Written> {
  const { method, chosen, split, out, network: model } = request
  const began = performance.now()
  const found = await method.findScored({ ...request, model, task: classificationTask(split) }, chosen)
  const done = performance.now()
  // A method may not look at the signal before it is done.
  request.signal?.throwIfAborted()
  const { ticket } = found
  const network = withPrunable(model, ticket.prunable as PrunablePolicy)
  const provenance = provenanceOf(ticket.provenance, request)
  await writeTicket(out, { ...ticket, provenance }, network, evidenceOf(found, network, request.seed, saveBatch))
  const seconds = { find: (done - began) / 1000, write: (performance.now() - done) / 1000 }
  return { ...found, network, seconds }
}

/** The weights from before masking, the scores, and, if wanted, the examples that these were computed on. */
function evidenceOf(
  { ticket, scores, examples, origin }: ScoredTicket,
  network: Model,
  seed: number,
  saveBatch: boolean,
): TicketEvidence {
  // Of a later step than the first only the method knows them.
  const before = origin ?? (ticket.step === 0 ? initialWeights(network, seed) : undefined)
  const initial = before === undefined ? {} : { initial: before }
  if (!saveBatch || examples === undefined) return { ...initial, scores }
  const { inputs, labels, indices } = examples
  const shape = [labels.length]
  const batch: NamedTensors = {
    // As the network takes them: [n, height, width, channels], or [n, elements] for a network on flat inputs.
    images: { dtype: 'float32', shape: [...shape, ...network.inputShape], data: inputs },
    labels: { dtype: 'uint8', shape, data: labels },
    indices: { dtype: 'int32', shape, data: indices },
  }
  return { ...initial, scores, batch }
}

/** Where the ticket comes from: enough to find it again. */
function provenanceOf(ticket: JsonObject, request: Request): JsonObject {
  const { method, chosen, seed, data, split, validation, recipe } = request
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

export interface Told extends Request {
  readonly seconds: { readonly data: number; readonly find: number; readonly write: number }
  /** What computed. */
  readonly engine: string
  /** Whether a path from input to output is left. */
  readonly connected: boolean
  readonly json: boolean
}

/** What was found, as lines for a person or as JSON. */
export function foundText({ ticket, examples, network }: Written, told: Told): string {
  const { method, chosen, seed, data, out, seconds, engine, connected, json } = told
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
      connected,
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
    ...(connected ? [] : [CUT]),
    `data ${shown(seconds.data)}, finding ${shown(seconds.find)}, writing ${shown(seconds.write)}; peak memory ${Math.round(peakMemory() / 1e6)} MB`,
    `written to ${out}`,
  ].join('\n')
}

/** Of this process so far, in bytes. */
const peakMemory = () => 1024 * process.resourceUsage().maxRSS
