/** `npm run perf`: ours and PyTorch side by side in one run, a line a case. */
import { parseArgs } from 'node:util'
import { type Case, cases } from './cases.js'
import { findPeer, measure } from './measure.js'
import { line } from './report.js'
import { canPin } from './side.js'

const HELP = `Usage: npm run perf -- [options]

Measures our training step and PyTorch's in turns, and prints the ratio ours / PyTorch's: of steps/s, ours is faster
above 1; of ms, below 1. Convolutional networks meet PyTorch in its default layout and in channels_last.

Options:
  --json           one JSON line a case: {name, ours, peer, ratio, unit, peerVersion, peerLayout, peers, ...}; peer and
                   ratio are of the faster layout, peers has them all
  --filter TEXT    only cases whose name contains TEXT
  --quick          one short round without the largest networks: shows that it works, not how fast it is
  --list           the names of the cases
  --help           this text

Examples:
  npm run perf
  npm run perf -- --filter 2-threads
  npm run perf -- --filter conv-
  PERF_PYTHON=~/torch/bin/python npm run perf -- --json > perf.jsonl

PyTorch: python3 -m venv DIR && DIR/bin/pip install torch==2.13.0, then PERF_PYTHON=DIR/bin/python
(python3 otherwise). Processes of one thread are pinned to a core each by taskset, where it is.
`

/** Images in memory, so that a quick run makes few. */
const QUICK_EXAMPLES = 2000

/** What is run: with `--quick` the cases that can be, briefly; what is left out is said. */
function planned(filter: string, quick: boolean): readonly Case[] {
  const named = cases.filter(({ name }) => name.includes(filter))
  if (named.length === 0) {
    throw new Error(`No case has "${filter}" in its name; the cases are ${cases.map(({ name }) => name).join(', ')}.`)
  }
  const kept = named.filter(({ quickSteps }) => !quick || quickSteps !== undefined)
  const left = named.filter((one) => !kept.includes(one)).map(({ name }) => name)
  if (kept.length === 0) throw new Error(`${left.join(', ')} cannot be measured quickly; leave out --quick.`)
  if (left.length > 0) process.stderr.write(`perf: --quick leaves out ${left.join(', ')}.\n`)
  return kept
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      filter: { type: 'string', default: '' },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  const chosen = planned(values.filter, values.quick)
  if (values.list) return void process.stdout.write(`${chosen.map(({ name }) => name).join('\n')}\n`)
  const python = findPeer()
  if (!canPin()) process.stderr.write('perf: there is no taskset here, so that no process is pinned to a core.\n')
  for (const given of chosen) {
    const one = values.quick ? { ...given, work: { ...given.work, examples: QUICK_EXAMPLES } } : given
    const effort = values.quick ? { rounds: 1, steps: one.quickSteps!, repeats: 1 } : one
    const result = await measure(one, python, effort)
    process.stdout.write(`${values.json ? JSON.stringify(result) : line(result)}\n`)
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`perf: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
