/** A benchmark without tensors, for the harness's own tests: chains of hashes that sleep, fail or die on demand. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { CheckpointError, writeAtomic } from '@winning-tickets/core'
import { z } from 'zod'
import type { Benchmark, Cell, Experiment, Settings } from '../experiment/types.js'
import { createStage } from '../stage/create.js'
import type { StageKind } from '../stage/types.js'

const schema = z.strictObject({
  value: z.int(),
  steps: z.int().default(3),
  /** Of each step. */
  milliseconds: z.number().default(1),
  fails: z.boolean().default(false),
  /** The worker dies as long as this file cannot be made anew. */
  diesWithout: z.string().default(''),
})
type Config = z.output<typeof schema>

/**
 * Hashes its inputs and its value `steps` times; the artifact "state" is the last hash, the metric its first byte.
 * Evidence keeps the artifact "bits", the hash's beginning, and not "state", on which later stages stand.
 */
export const chain: StageKind<Config, z.input<typeof schema>> = {
  name: 'toy/chain',
  schema,
  semantics: { chain: 1 },
  evidence: ['bits'],
  identity: () => ({ dataHash: 'toy' }),
  cost: ({ steps, milliseconds }) => ({ steps, seconds: (steps * milliseconds) / 1000 }),
  async run({ config, inputs, checkpoint: { path }, progress }) {
    const { value, steps, milliseconds, fails, diesWithout } = config
    let [state, done] = [Buffer.from(String(value)), 0]
    for (const name of Object.keys(inputs).sort()) state = Buffer.concat([state, await inputs[name]!.artifact('state')])
    if (existsSync(path)) [state, done] = readCheckpoint(path)
    for (let step = done + 1; step <= steps; step += 1) {
      state = createHash('sha256').update(state).digest()
      await sleep(milliseconds)
      await writeAtomic(path, JSON.stringify([state.toString('hex'), step]))
      progress({ step, steps, loss: 1 / step, accuracy: step / steps, density: 0.5 })
    }
    if (fails) throw new Error(`value ${value} is not to its liking`)
    if (diesWithout !== '' && madeAnew(diesWithout)) process.kill(process.pid, 'SIGKILL')
    const accuracy = state[0]! / 255
    const artifacts = { state, bits: state.subarray(0, 8) }
    return { result: { metrics: { accuracy, steps } }, artifacts, observed: { engine: 'sha256' } }
  },
}

function readCheckpoint(path: string): [Buffer<ArrayBuffer>, number] {
  try {
    const [state, step] = JSON.parse(readFileSync(path, 'utf8')) as [string, number]
    return [Buffer.from(state, 'hex'), step]
  } catch {
    throw new CheckpointError(`${path} is damaged.`)
  }
}

function madeAnew(path: string): boolean {
  try {
    writeFileSync(path, '', { flag: 'wx' })
    return true
  } catch {
    return false
  }
}

export interface ToySettings extends Settings {
  readonly levels: number
  readonly milliseconds: number
}

/** Chains of rounds, and a control that branches off each round. */
async function plan({ seeds, levels, milliseconds }: ToySettings): Promise<Cell[]> {
  const cells: Cell[] = []
  for (let seed = 1; seed <= seeds; seed += 1) {
    let stage = await createStage(chain, { value: seed, milliseconds }, { label: `dense, seed ${seed}` })
    for (let level = 0; level <= levels; level += 1) {
      const density = 0.8 ** level
      if (level > 0) {
        const options = { inputs: { ticket: stage }, label: `ticket, level ${level}, seed ${seed}` }
        const broken = { inputs: { ticket: stage }, label: `reinit, level ${level}, seed ${seed}` }
        const control = await createStage(chain, { value: 1000 + level, milliseconds }, broken)
        cells.push({ arm: 'reinit', level, density, seed, stage: control })
        stage = await createStage(chain, { value: level, milliseconds }, options)
      }
      cells.push({ arm: 'ticket', level, density, seed, stage })
    }
  }
  return cells
}

const dataset = { name: 'hashes', note: 'synthetic' }
const experiment: Experiment<ToySettings> = {
  name: 'toy',
  title: 'Chains of hashes',
  profiles: {
    smoke: { seeds: 2, levels: 2, milliseconds: 1, dataset },
    small: { seeds: 3, levels: 4, milliseconds: 50, dataset },
    paper: { seeds: 5, levels: 20, milliseconds: 200, dataset },
  },
  plan,
}

export const benchmark: Benchmark = {
  kinds: [chain],
  experiments: [experiment],
  claims: [
    {
      id: 'TOY-1',
      title: 'Hashes are spread',
      paper: 'no figure',
      unit: 'fraction',
      check({ rows }) {
        const mean = rows.reduce((sum, { metrics }) => sum + metrics.accuracy!, 0) / rows.length
        const seeds = new Set(rows.map(({ seed }) => seed)).size
        return { verdict: 'supported', effect: mean, low: null, high: null, seeds, detail: 'The mean byte.' }
      },
    },
    {
      id: 'TOY-2',
      title: 'A claim with a mistake in it',
      paper: 'no figure',
      unit: 'fraction',
      experiment: 'toy',
      check() {
        throw new Error('no such arm')
      },
    },
  ],
}
