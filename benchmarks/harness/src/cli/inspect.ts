/** `tickets inspect`: what a ticket's file holds, and what is left of each layer. */
import { resolve } from 'node:path'
import {
  checkTicket,
  isConnected,
  type JsonObject,
  type Masks,
  type Model,
  readTicketFile,
  type TicketFile,
  UserError,
  writeAtomic,
} from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import type { Command } from 'commander'
import pc from 'picocolors'
import { layerPlot } from '../report/layer-plot.js'
import { CUT, layerLines, percent, type TicketShape, ticketShape } from '../report/layers.js'
import { ensureWritableFile } from '../store/files.js'
import { jsonOption } from './options.js'
import { modelOf } from './setup.js'

interface InspectOptions {
  readonly svg?: string
  readonly json?: boolean
}

export function inspectCommand(program: Command): void {
  program
    .command('inspect')
    .summary('what a ticket is made of')
    .description(
      'Say where a ticket comes from, how dense each layer is, which layers are collapsed, and what a forward pass costs.',
    )
    .argument('<file>', 'a ticket that `tickets find` or `tickets train --out` wrote')
    .option('--svg <file>', 'draw the densities of the layers into this file')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  tickets inspect ticket.safetensors\n  tickets inspect ticket.safetensors --svg layers.svg\n  tickets inspect ticket.safetensors --json | jq .collapsed',
    )
    .action(inspect)
}

async function inspect(file: string, { svg, json }: InspectOptions): Promise<void> {
  if (svg !== undefined) {
    if (resolve(svg) === resolve(file))
      throw new UserError(`--svg ${svg} is the ticket itself; give the drawing another name, e.g. layers.svg.`)
    await ensureWritableFile(resolve(svg), 'choose another place with --svg FILE')
  }
  const found = await readTicketFile(file)
  const { ticket } = found
  const network = modelOf(found, file)
  checkTicket(network, ticket)
  const shape = ticketShape(network, ticket.mask)
  const connected = await pathLeft(network, ticket.mask)
  if (svg !== undefined) await writeAtomic(resolve(svg), await layerPlot(shape, titleOf(found)))
  if (json) {
    const { step, prunable, provenance } = ticket
    const text = {
      file,
      model: network.config,
      prunable,
      step,
      ...shape,
      connected,
      holds: contentsOf(found),
      provenance,
    }
    process.stdout.write(`${JSON.stringify(text, null, 1)}\n`)
  } else process.stdout.write(`${textOf(file, found, shape, connected, svg).join('\n')}\n`)
}

/** "snip, seed 1: vgg-16 on cifar10-jpeg", as far as the ticket says. */
function titleOf({ ticket: { model, provenance } }: TicketFile): string {
  const { method, command, seed, data } = provenance
  const name = typeof method === 'string' ? method : command === 'train' ? 'trained' : 'a ticket'
  const dataset = typeof data === 'object' && data !== null ? (data as JsonObject).name : undefined
  return `${name}${seed === undefined ? '' : `, seed ${seed}`}: ${model}${typeof dataset === 'string' ? ` on ${dataset}` : ''}`
}

/** Which parts the file has, and of the scoring batch how many examples. */
function contentsOf({ ticket, initial, scores, batch }: TicketFile) {
  const doubles = Object.values(scores ?? {}).some((score) => score instanceof Float64Array)
  return {
    mask: ticket.mask !== undefined,
    initial: initial !== undefined,
    optimizer: ticket.optimizer?.name ?? null,
    scores: scores === undefined ? null : doubles ? 'float64' : 'float32',
    batch: batch === undefined ? null : (Object.values(batch)[0]?.shape[0] ?? 0),
  }
}

/** Whether the mask leaves any path through the network. */
async function pathLeft(network: Model, mask: Masks | undefined): Promise<boolean> {
  if (mask === undefined) return true
  const engine = await createEngine()
  try {
    return await isConnected(engine, network, mask)
  } finally {
    await engine.dispose()
  }
}

function textOf(
  file: string,
  found: TicketFile,
  shape: TicketShape,
  connected: boolean,
  svg: string | undefined,
): string[] {
  const { density, collapsed, flops } = shape
  const { mask, initial, optimizer, scores, batch } = contentsOf(found)
  const times = density.compression === null ? 'nothing is left' : `compression ${density.compression.toFixed(2)}`
  const { options } = found.ticket.provenance
  const parts = [
    initial ? 'the weights from before masking' : 'weights',
    mask ? 'mask' : '',
    optimizer === null ? '' : `state of ${optimizer}`,
    scores === null ? '' : `scores (${scores})`,
    batch === null ? '' : `the scoring batch of ${batch} examples`,
  ].filter(Boolean)
  return [
    pc.bold(titleOf(found)),
    ...(options === undefined ? [] : [`options ${JSON.stringify(options)}`]),
    `${density.kept.toLocaleString('en')} of ${density.prunable.toLocaleString('en')} weights: density ${percent(density.density)}, ${times}; training starts at iteration ${found.ticket.step}`,
    '',
    ...layerLines(shape),
    '',
    collapsed.length === 0 ? 'no layer is collapsed' : `collapsed, nothing is left of: ${collapsed.join(', ')}`,
    connected ? 'a path from input to output is left' : pc.red(CUT),
    `FLOPs of a forward pass: ${flops.dense.toLocaleString('en')} dense, ${flops.sparse.toLocaleString('en')} sparse (${percent(flops.sparse / flops.dense)})`,
    `${file} holds ${parts.join(', ')}`,
    ...(svg === undefined ? [] : [`written to ${svg}`]),
  ]
}
