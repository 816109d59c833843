/** `tickets export`: a ticket's network as a file that other runtimes read. */
import { resolve } from 'node:path'
import {
  checkTicket,
  type Model,
  readTicketFile,
  type TensorRecord,
  UserError,
  writeAtomic,
} from '@winning-tickets/core'
import { exportOnnx } from '@winning-tickets/jit'
import { type Command, Option } from 'commander'
import { ensureWritableFile } from '../store/files.js'
import { addRequired, jsonOption, wholeNumber } from './options.js'
import { modelOf } from './setup.js'

interface ExportOptions {
  readonly out: string
  readonly batch: number
  readonly json?: boolean
}

export function exportCommand(program: Command): void {
  const command = program
    .command('export')
    .summary('a ticket as an ONNX model')
    .description(
      "Write a ticket's network as a model of standard ONNX: from images, as the network takes them, to logits. Masked weights are zero in it; batch norm goes by its running statistics.",
    )
    .argument('<file>', 'a ticket that `tickets find` or `tickets train --out` wrote')
  addRequired(command, new Option('-o, --out <file>', 'the model, e.g. ticket.onnx'))
    .addOption(
      new Option('-b, --batch <n>', 'images in a batch; the shapes in the model are fixed')
        .argParser(wholeNumber(1))
        .default(1),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  tickets export ticket.safetensors --out ticket.onnx\n  tickets export ticket.safetensors --batch 256 --out ticket.onnx --json',
    )
    .action(exportTicket)
}

async function exportTicket(file: string, { out, batch, json }: ExportOptions): Promise<void> {
  const path = resolve(out)
  if (path === resolve(file))
    throw new UserError(`--out ${out} is the ticket itself; give the model another name, e.g. ticket.onnx.`)
  await ensureWritableFile(path, 'choose another place with --out FILE')
  const found = await readTicketFile(file)
  const network = modelOf(found, file)
  checkTicket(network, found.ticket)
  const model = onnxModel(network, found.ticket.weights, batch)
  await writeAtomic(path, model)
  const images = [batch, ...network.inputShape]
  if (json) {
    const text = { file, out: path, bytes: model.length, inputs: { images } }
    process.stdout.write(`${JSON.stringify(text)}\n`)
  } else
    process.stdout.write(
      `${out}: images [${images.join(', ')}] to logits, ${model.length.toLocaleString('en')} bytes\n`,
    )
}

/** Images [batch, ...the network's input] to logits, the weights inside. */
function onnxModel(network: Model, weights: Readonly<Record<string, Float32Array>>, batch: number): Uint8Array {
  const float = (shape: readonly number[]) => ({ shape, dtype: 'float32' }) as const
  const parameters = Object.fromEntries(network.parameters.map(({ name, shape }) => [name, float(shape)]))
  return exportOnnx(
    ({ images, ...rest }) => ({
      logits: network.apply(rest as TensorRecord, images as TensorRecord[string], { training: false }).output,
    }),
    { images: float([batch, ...network.inputShape]), ...parameters },
    weights,
  )
}
