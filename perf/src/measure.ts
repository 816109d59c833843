/** Measures a case: ours and the peer in turns, round by round, so that both meet the same machine. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Case } from './cases.js'
import { openSide, type Side, type Spec } from './side.js'

/** A line of the report; `peer` and `ratio` are null where PyTorch is not installed. */
export interface Measurement {
  readonly name: string
  readonly ours: number
  readonly peer: number | null
  /** ours / peer: above 1 we are faster. */
  readonly ratio: number | null
  readonly unit: string
  readonly peerVersion: string
  readonly title: string
  readonly oursPeakMb: number
  readonly peerPeakMb: number | null
}

/** Both sides keep their memory: page faults are slow on this kind of machine (docs/performance.md). */
const KEEP_MEMORY = {
  MALLOC_MMAP_THRESHOLD_: '4294967296',
  MALLOC_TRIM_THRESHOLD_: '8589934592',
  MALLOC_TOP_PAD_: '1073741824',
}

export const NOT_INSTALLED = 'not installed'

/** The first Python that has torch: PERF_PYTHON, .venv, the machine's own. */
export function findPeer(): string | undefined {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const given = process.env.PERF_PYTHON
  const candidates = given ? [given] : [`${root}.venv/bin/python`, '/opt/peer-venv/bin/python', 'python3']
  return candidates.find((python) => {
    if (python.includes('/') && !existsSync(python)) return false
    return spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0
  })
}

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))

function open(side: 'ours' | 'peer', python: string, { threads, processes }: Case): Side[] {
  return Array.from({ length: processes }, (_, i) => {
    const core = processes > 1 || threads === 1 ? i : undefined
    if (side === 'ours') {
      const env = { ...KEEP_MEMORY, PERF_THREADS: String(threads) }
      return openSide({ command: process.execPath, args: [file('./ours.js')], env, core })
    }
    const env = { ...KEEP_MEMORY, OMP_NUM_THREADS: String(threads), ...(threads > 1 ? { OMP_PROC_BIND: 'true' } : {}) }
    return openSide({ command: python, args: [file('../peer/lenet.py')], env, core })
  })
}

export interface Effort {
  readonly rounds: number
  /** Steps of one timing. */
  readonly steps: number
  /** Timings a round. */
  readonly repeats: number
}

/** Medians over all timings but those of the first round, which warms up. */
export async function measure(
  one: Case,
  python: string | undefined,
  { rounds, ...effort }: Effort,
): Promise<Measurement> {
  const sides = { ours: open('ours', '', one), peer: python === undefined ? [] : open('peer', python, one) }
  const rates = { ours: [] as number[], peer: [] as number[] }
  const last = { ours: { version: '', peak: 0 }, peer: { version: NOT_INSTALLED, peak: 0 } }
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const name of ['ours', 'peer'] as const) {
        const spec: Spec = { ...one.spec, ...effort, repeats: round === 0 ? 1 : effort.repeats }
        const answers = await Promise.all(sides[name].map((side) => side.ask(spec)))
        if (answers.length === 0) continue
        last[name] = {
          version: answers[0]!.version,
          peak: answers.reduce((sum, { peak_mb }) => sum + peak_mb, 0),
        }
        if (round === 0) continue
        for (let i = 0; i < effort.repeats; i++) {
          rates[name].push(answers.reduce((sum, { steps_per_second }) => sum + steps_per_second[i]!, 0))
        }
      }
    }
  } finally {
    for (const side of [...sides.ours, ...sides.peer]) side.close()
  }
  const ours = median(rates.ours)
  const peer = rates.peer.length === 0 ? null : median(rates.peer)
  return {
    name: one.name,
    ours,
    peer,
    ratio: peer === null ? null : ours / peer,
    unit: one.unit,
    peerVersion: last.peer.version,
    title: one.title,
    oursPeakMb: last.ours.peak,
    peerPeakMb: peer === null ? null : last.peer.peak,
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
