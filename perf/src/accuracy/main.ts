/** `npm run perf:accuracy`: the accuracy that a recipe reaches here and in PyTorch, seed by seed, in turns. */
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadDataset, splitDataset } from '@winning-tickets/core'
import { findPeer } from '../measure.js'
import { type AccuracyRecipe, accuracyRecipe } from './recipe.js'
import { runOurs, runPeer, withDumpedData } from './runs.js'
import { type Interval, summarise } from './summary.js'

const HELP = `Usage: npm run perf:accuracy -- [options]

Trains ResNet-20 on 10,000 images of cifar10-jpeg for 20 epochs, by ours and by PyTorch in turns, and compares the test
accuracies of the final weights: means with 95% t intervals, and their difference (Welch). Runs that the file already has
by the same recipe are not made again.

Options:
  --seeds N        seeds 1 to N on each side (default 3)
  --out FILE       JSON lines, one a run (default perf/results/resnet20-accuracy.jsonl; none with --quick)
  --summary        only summarise what the file has
  --quick          2 epochs of 128 images: shows that it works
  --json           the summary as one JSON line
  --help           this text

Examples:
  TICKETS_DATA_DIR=~/data PERF_PYTHON=~/torch/bin/python npm run perf:accuracy
  npm run perf:accuracy -- --seeds 5
  npm run perf:accuracy -- --summary --json
`

const RESULTS = fileURLToPath(new URL('../../results/resnet20-accuracy.jsonl', import.meta.url))
const SIDES = ['ours', 'peer'] as const

/** A run, as a line of the file. */
interface Line {
  readonly side: (typeof SIDES)[number]
  readonly seed: number
  readonly testAccuracy: number
  readonly testLoss: number
  readonly version: string
  readonly seconds: number
  /** Of the data and their split. */
  readonly data: string
  readonly recipe: AccuracyRecipe
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '3' },
      out: { type: 'string' },
      summary: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  const seeds = Number(values.seeds)
  if (!Number.isInteger(seeds) || seeds < 1) {
    throw new Error(`--seeds is ${values.seeds}; give a whole number of at least 1.`)
  }
  const recipe = accuracyRecipe(values)
  const out = values.out ?? (values.quick ? undefined : RESULTS)
  const known = out === undefined ? [] : await linesOf(out, recipe)
  const lines = values.summary ? known : [...known, ...(await runMissing(known, recipe, seeds, out))]
  print(lines, values.json)
}

/** The file's runs by this recipe; none if there is no file. */
async function linesOf(file: string, recipe: AccuracyRecipe): Promise<Line[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const lines = text.split('\n').filter((line) => line !== '')
  const wanted = JSON.stringify(recipe)
  return lines.map((line) => JSON.parse(line) as Line).filter((line) => JSON.stringify(line.recipe) === wanted)
}

async function runMissing(
  known: readonly Line[],
  recipe: AccuracyRecipe,
  seeds: number,
  out: string | undefined,
): Promise<Line[]> {
  const python = findPeer()
  if (python === undefined) throw new Error('PyTorch is not installed; set PERF_PYTHON to a Python that has it.')
  const data = splitDataset(await loadDataset(recipe.dataset), recipe)
  const made: Line[] = []
  await withDumpedData(data, async (folder) => {
    for (let seed = 1; seed <= seeds; seed++) {
      for (const side of SIDES) {
        if (known.some((line) => line.side === side && line.seed === seed)) continue
        const began = performance.now()
        const result = await (side === 'ours' ? runOurs(data, recipe, seed) : runPeer(python, folder, recipe, seed))
        const seconds = Math.round((performance.now() - began) / 1000)
        const line: Line = { side, seed, ...result, seconds, data: data.id, recipe }
        made.push(line)
        process.stderr.write(`${side} seed ${seed}: ${percent(line.testAccuracy)} in ${seconds} s\n`)
        if (out === undefined) continue
        await mkdir(dirname(out), { recursive: true })
        await appendFile(out, `${JSON.stringify(line)}\n`)
      }
    }
  })
  return made
}

const percent = (value: number): string => `${(100 * value).toFixed(2)}%`

function print(lines: readonly Line[], json: boolean): void {
  const [ours, peer] = SIDES.map((side) => lines.filter((line) => line.side === side).map((line) => line.testAccuracy))
  if (ours!.length === 0 || peer!.length === 0) {
    throw new Error('There is no run of each side by this recipe yet; leave out --summary.')
  }
  const summary = summarise(ours!, peer!)
  if (json) return void process.stdout.write(`${JSON.stringify(summary)}\n`)
  const text = ({ mean, low, high }: Interval) =>
    `${percent(mean)} ${low === null || high === null ? '(no interval)' : `[${percent(low)}, ${percent(high)}]`}`
  process.stdout.write(`ours        ${text(summary.ours)}   ${summary.seeds.ours} seeds\n`)
  process.stdout.write(`PyTorch     ${text(summary.peer)}   ${summary.seeds.peer} seeds\n`)
  process.stdout.write(`difference  ${text(summary.difference)}\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`perf:accuracy: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
