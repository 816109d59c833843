/** Measures a case: ours and the peers in turns, round by round, so that all meet the same machine. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Case, Layout } from './cases.js'
import { type Measurement, type SideFigures, summarise } from './report.js'
import { type Answer, openSide, type Side, type Spec } from './side.js'

/** All sides keep their memory: page faults are slow on this kind of machine (docs/performance.md). */
export const KEEP_MEMORY = {
  MALLOC_MMAP_THRESHOLD_: '4294967296',
  MALLOC_TRIM_THRESHOLD_: '8589934592',
  MALLOC_TOP_PAD_: '1073741824',
}

/**
 * The Python that has torch: PERF_PYTHON, else python3 if that has it.
 *
 * @throws Error if PERF_PYTHON is set to one that has not
 */
export function findPeer(): string | undefined {
  const { PERF_PYTHON: given } = process.env
  const python = given || 'python3'
  if (spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0) return python
  if (given)
    throw new Error(`PERF_PYTHON is "${given}", which is no Python that can import torch; correct or unset it.`)
  return undefined
}

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Environment of a peer's process. */
export function peerEnvironment(threads: number): Record<string, string> {
  return { ...KEEP_MEMORY, OMP_NUM_THREADS: String(threads), ...(threads > 1 ? { OMP_PROC_BIND: 'true' } : {}) }
}

function open({ threads, processes, peer }: Case, program: 'ours' | { python: string; layout: Layout }): Side[] {
  return Array.from({ length: processes }, (_, i) => {
    const core = processes > 1 || threads === 1 ? i : undefined
    if (program === 'ours') {
      const env = { ...KEEP_MEMORY, PERF_THREADS: String(threads) }
      return openSide({ command: process.execPath, args: [file('./ours.js')], env, core })
    }
    const args = [file(`../peer/${peer.script}`), program.layout]
    return openSide({ command: program.python, args, env: peerEnvironment(threads), core })
  })
}

export interface Effort {
  /** Rounds that count; one more comes before them to warm up, unless the case needs none. */
  readonly rounds: number
  /** Steps of one timing. */
  readonly steps: number
  /** Timings a round. */
  readonly repeats: number
}

/** One side of a case: its processes, and what they have shown so far. */
interface Contestant {
  readonly processes: readonly Side[]
  readonly rates: number[]
  last: readonly Answer[]
}

/**
 * Medians over all timings but those of the round that warms up.
 *
 * @throws Error if a process fails, or the networks of the two sides differ in size
 */
export async function measure(
  one: Case,
  python: string | undefined,
  { rounds, steps, repeats }: Effort,
): Promise<Measurement> {
  const contestant = (processes: Side[]): Contestant => ({ processes, rates: [], last: [] })
  const ours = contestant(open(one, 'ours'))
  const layouts = python === undefined ? [] : one.peer.layouts
  const peers = layouts.map((layout) => [layout, contestant(open(one, { python: python!, layout }))] as const)
  const all = [ours, ...peers.map(([, peer]) => peer)]
  try {
    const first = one.warm ? 1 : 0
    for (let round = first; round <= rounds; round++) {
      const spec: Spec = { work: one.work, steps, repeats: round === 0 ? 1 : repeats }
      for (const side of all) await turn(side, spec, round > 0)
      if (round === first) checkSizes(one, ours, peers)
    }
  } finally {
    for (const { processes } of all) for (const side of processes) side.close()
  }
  return summarise(
    one,
    figuresOf(ours),
    Object.fromEntries(peers.map(([layout, peer]): [Layout, SideFigures] => [layout, figuresOf(peer)])),
  )
}

/** One side's turn: its processes at the same time, their rates summed timing by timing. */
async function turn(side: Contestant, spec: Spec, counts: boolean): Promise<void> {
  side.last = await Promise.all(side.processes.map((process) => process.ask(spec)))
  if (!counts) return
  for (let i = 0; i < spec.repeats; i++) {
    side.rates.push(side.last.reduce((sum, { steps_per_second }) => sum + steps_per_second[i]!, 0))
  }
}

function checkSizes({ name }: Case, ours: Contestant, peers: readonly (readonly [Layout, Contestant])[]): void {
  const size = ours.last[0]!.parameters
  for (const [layout, { last }] of peers) {
    const peer = last[0]!.parameters
    if (peer !== undefined && peer !== size) {
      throw new Error(
        `${name}: our network has ${size} parameters, the peer's (${layout}) ${peer}; they must be the same.`,
      )
    }
  }
}

function figuresOf({ rates, last }: Contestant): SideFigures {
  return { rates, version: last[0]!.version, peakMb: last.reduce((sum, { peak_mb }) => sum + peak_mb, 0) }
}
