/** `tickets status`: how far the grids are, what runs at the moment, and what nobody plans any more. */
import Table from 'cli-table3'
import type { Command } from 'commander'
import { type Orphan, orphansOf } from '../evidence/orphans.js'
import { plannedStages } from '../evidence/planned.js'
import { openEvidence } from '../evidence/read.js'
import { topological } from '../execute/plan.js'
import { choose, evidenceFolders } from '../experiment/discover.js'
import { PROFILES, type Profile } from '../experiment/profile.js'
import type { Experiment } from '../experiment/types.js'
import { openStore } from '../store/disk.js'
import { storeLocation } from '../store/location.js'
import type { Deterministic, Running } from '../store/types.js'
import { jsonOption, storeOption, warn } from './options.js'

interface GridStatus {
  readonly paper: string
  readonly profile: Profile
  /** Seeds all of whose runs are there, of the profile's. */
  readonly seeds: number
  readonly ofSeeds: number
  /** Stages. */
  readonly done: number
  readonly running: number
  readonly waiting: number
}

interface Found extends Orphan {
  /** Whether only committed evidence has it, and the store does not. */
  readonly committed: boolean
}

interface Status {
  readonly store: string
  readonly grids: readonly GridStatus[]
  readonly running: readonly Running[]
  readonly orphans: readonly Found[]
}

export function statusCommand(program: Command, benchmarks: string): void {
  program
    .command('status')
    .summary('what is done, running and waiting; evidence that nobody plans any more')
    .description(
      'Say how many stages of each grid are done, running and waiting, here and in other processes that share the store, and which records no experiment plans any more, and why.',
    )
    .argument('[papers...]', 'papers, e.g. imp')
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  tickets status\n  tickets status imp --json')
    .action(async (papers: string[], options: { store?: string; json?: boolean }) => {
      const status = await statusOf(papers, benchmarks, options.store)
      process.stdout.write(options.json ? `${JSON.stringify(status, null, 1)}\n` : statusText(status))
    })
}

async function statusOf(papers: string[], benchmarks: string, folder: string | undefined): Promise<Status> {
  const choices = await choose(papers, benchmarks)
  const all = await choose([], benchmarks)
  const folders = evidenceFolders(all)
  const store = await openStore(storeLocation(folder), { evidence: folders, onWarning: warn })
  const running = await store.leases.list()
  const stored = new Set(await store.records.list())
  const records = new Map<string, Deterministic>()
  for (const id of [...stored, ...(await openEvidence(folders, () => {}).ids())]) {
    const record = await store.records.get(id)
    if (record !== undefined) records.set(id, record.deterministic)
  }
  const known = new Set(records.keys())
  const busy = new Set(running.map(({ id }) => id))
  const grids: GridStatus[] = []
  for (const { experiment } of choices) {
    for (const profile of PROFILES) grids.push(await gridOf(experiment, profile, known, busy))
  }
  const planned = await plannedStages(
    all.map(({ experiment }) => experiment),
    records.values(),
  )
  const orphans = orphansOf([...records.values()], planned)
  const found = orphans.map((orphan) => ({ ...orphan, committed: !stored.has(orphan.id) }))
  return { store: store.location, grids, running, orphans: found }
}

async function gridOf(
  experiment: Experiment,
  profile: Profile,
  known: ReadonlySet<string>,
  busy: ReadonlySet<string>,
): Promise<GridStatus> {
  const settings = experiment.profiles[profile]
  const cells = await experiment.plan(settings)
  const stages = topological(cells.map(({ stage }) => stage))
  const missing = stages.filter(({ id }) => !known.has(id))
  const running = missing.filter(({ id }) => busy.has(id)).length
  const partial = new Set(cells.filter(({ stage }) => !known.has(stage.id)).map(({ seed }) => seed))
  return {
    paper: experiment.name,
    profile,
    seeds: new Set(cells.map(({ seed }) => seed)).size - partial.size,
    ofSeeds: settings.seeds,
    done: stages.length - missing.length,
    running,
    waiting: missing.length - running,
  }
}

function statusText({ store, grids, running, orphans }: Status): string {
  const table = new Table({
    head: ['paper', 'profile', 'whole seeds', 'stages done', 'running', 'waiting'],
    style: { head: [], border: [] },
  })
  for (const grid of grids) {
    const seeds = `${grid.seeds} of ${grid.ofSeeds}`
    table.push([grid.paper, grid.profile, seeds, grid.done, grid.running, grid.waiting].map(String))
  }
  const lines = [`Store: ${store}`, table.toString()]
  for (const { label, fraction, pid, host } of running) {
    lines.push(`running: ${label}: ${(100 * fraction).toFixed(0)}% (process ${pid} on ${host})`)
  }
  const [stored, committed] = [orphans.filter((each) => !each.committed), orphans.filter((each) => each.committed)]
  lines.push(
    ...orphanLines('Records that no experiment plans any more ("tickets store gc --orphans" drops them):', stored),
    ...orphanLines(
      'Committed records that no experiment plans any more (a new bench and export replace them):',
      committed,
    ),
  )
  return `${lines.join('\n')}\n`
}

/** A heading, and a line for each kind and reason; nothing without orphans. */
function orphanLines(heading: string, orphans: readonly Orphan[]): string[] {
  const counts = new Map<string, number>()
  for (const { kind, reason } of orphans) {
    const line = `of kind ${kind}: ${reason}`
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  return orphans.length === 0 ? [] : [heading, ...[...counts].map(([line, count]) => `  ${count} ${line}`)]
}
