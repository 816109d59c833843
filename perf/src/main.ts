/** `npm run perf`: ours and PyTorch side by side in one run, a line a case. */
import { parseArgs } from 'node:util'
import { cases } from './cases.js'
import { findPeer, type Measurement, measure, NOT_INSTALLED } from './measure.js'

const HELP = `Usage: npm run perf -- [options]

Measures our training step and PyTorch's in turns, and prints the ratio (above 1: ours is faster).

Options:
  --json           one JSON line a case: {name, ours, peer, ratio, unit, peerVersion, ...}
  --filter TEXT    only cases whose name contains TEXT
  --quick          one short round: shows that it works, not how fast it is
  --list           the names of the cases
  --help           this text

Examples:
  npm run perf
  npm run perf -- --filter 2-threads
  PERF_PYTHON=~/torch/bin/python npm run perf -- --json > perf.jsonl

PyTorch: python3 -m venv DIR && DIR/bin/pip install torch==2.13.0, then PERF_PYTHON=DIR/bin/python.
`

const FULL = { rounds: 5, steps: 1000, repeats: 3 }
const QUICK = { rounds: 1, steps: 200, repeats: 1 }

function line({ name, ours, peer, ratio, unit, peerVersion, oursPeakMb, peerPeakMb }: Measurement): string {
  const rate = (value: number) => value.toFixed(0).padStart(6)
  const memory = `${oursPeakMb.toFixed(0)} MB${peerPeakMb === null ? '' : ` / ${peerPeakMb.toFixed(0)} MB`}`
  if (peer === null || ratio === null)
    return `${name.padEnd(24)}${rate(ours)} ${unit}   peer: ${NOT_INSTALLED}   peak ${memory}`
  return `${name.padEnd(24)}${rate(ours)} ${unit}   ${peerVersion}: ${rate(peer)}   ratio ${ratio.toFixed(2)}   peak ${memory}`
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
  const chosen = cases.filter(({ name }) => name.includes(values.filter))
  if (chosen.length === 0) {
    throw new Error(
      `No case has "${values.filter}" in its name; the cases are ${cases.map(({ name }) => name).join(', ')}.`,
    )
  }
  if (values.list) return void process.stdout.write(`${chosen.map(({ name }) => name).join('\n')}\n`)
  const python = findPeer()
  for (const one of chosen) {
    const result = await measure(one, python, values.quick ? QUICK : FULL)
    process.stdout.write(`${values.json ? JSON.stringify(result) : line(result)}\n`)
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`perf: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
