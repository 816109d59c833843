/**
 * A program of its own: the stages that copies of the packages plan, as JSON. Its arguments are folders of copies that share
 * one @winning-tickets/jit, for a process can have only one tracing backend.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What this program reads of a stage. */
interface Planned {
  readonly id: string
  readonly kind: { readonly name: string }
  readonly config: object
  readonly inputs: Readonly<Record<string, Planned>>
  readonly identity: {
    readonly dataHash: string | null
    readonly traceHashes: Readonly<Record<string, string>>
    readonly semantics: Readonly<Record<string, number>>
  }
}

interface Settings {
  readonly recipe: object
}

interface Benchmark {
  readonly experiments: readonly {
    readonly profiles: Readonly<Record<'smoke' | 'small' | 'paper', Settings>>
    plan(settings: object): Promise<readonly { readonly stage: Planned }[]>
  }[]
}

/** A stage of a plan, its inputs by their places in it. */
export interface StageRecord {
  readonly id: string
  readonly kind: string
  readonly config: object
  readonly inputs: readonly number[]
  /** By names such as "config", "data", "graph train", "semantics topK". */
  readonly parts: Readonly<Record<string, string>>
}

/** Every stage once, after its inputs, by the name of the grid. */
export type Plans = Readonly<Record<string, readonly StageRecord[]>>

/** Recipes that imp does not use, so that it can be seen whose stages a change leaves alone. */
const otherOptimizers = {
  'adam with decay': { name: 'adam', weightDecay: 1e-4 },
  sgd: { name: 'sgd' },
  'sgd with decay': { name: 'sgd', weightDecay: 1e-4 },
  'sgd with momentum': { name: 'sgd', momentum: 0.9 },
}

async function plansOf(copy: string): Promise<Plans> {
  const module = pathToFileURL(join(copy, 'benchmarks/imp/dist/index.js')).href
  const { benchmark }: { benchmark: Benchmark } = await import(module)
  const [experiment] = benchmark.experiments
  const { profiles, plan } = experiment!
  const short = { ...profiles.smoke, seeds: 1, rounds: [7, 9], randomRounds: [9], noiseRounds: [7] }
  const grids: [string, object][] = [
    ...Object.entries(profiles).map(([name, settings]): [string, object] => [name, { ...settings, seeds: 1 }]),
    ...Object.entries(otherOptimizers).map(([name, optimizer]): [string, object] => [
      name,
      { ...short, recipe: { ...short.recipe, optimizer } },
    ]),
  ]
  const plans: [string, StageRecord[]][] = []
  for (const [name, settings] of grids) {
    const cells = await plan(settings)
    plans.push([name, recordsOf(cells.map(({ stage }) => stage))])
  }
  return Object.fromEntries(plans)
}

function recordsOf(stages: readonly Planned[]): StageRecord[] {
  const records: StageRecord[] = []
  const places = new Map<string, number>()
  function place(stage: Planned): number {
    const known = places.get(stage.id)
    if (known !== undefined) return known
    const { id, kind, config, identity } = stage
    const named = (prefix: string, parts: Readonly<Record<string, string | number>>): [string, string][] =>
      Object.entries(parts).map(([name, value]) => [`${prefix} ${name}`, String(value)])
    // By the names of the inputs, which a refactor may mention in another order.
    const inputs = Object.keys(stage.inputs).sort()
    const record = {
      id,
      kind: kind.name,
      config,
      inputs: inputs.map((name) => place(stage.inputs[name]!)),
      parts: Object.fromEntries([
        ['config', JSON.stringify(config)],
        ['data', String(identity.dataHash)],
        ...named('graph', identity.traceHashes),
        ...named('semantics', identity.semantics),
      ]),
    }
    places.set(id, records.length)
    return records.push(record) - 1
  }
  for (const stage of stages) place(stage)
  return records
}

const all: [string, Plans][] = []
for (const copy of process.argv.slice(2)) all.push([copy, await plansOf(copy)])
process.stdout.write(JSON.stringify(Object.fromEntries(all)))
