/** `tickets status`: how far the grids are, what runs at the moment, and what nobody plans any more. */
import Table from 'cli-table3'
import type { Command } from 'commander'
import { type Orphan, orphansOf } from '../evidence/orphans.js'
import { openEvidence } from '../evidence/read.js'
import { topological } from '../execute/plan.js'
import { PROFILES, type Profile } from '../experiment/profile.js'
import type { Stage } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import { storeLocation } from '../store/location.js'
import type { Deterministic, Running, Store } from '../store/types.js'
import { type Choice, choose, evidenceFolders } from './discover.js'
import { jsonOption, storeOption } from './options.js'

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

interface Status {
  readonly store: string
  readonly grids: readonly GridStatus[]
  readonly running: readonly Running[]
  readonly orphans: readonly Orphan[]
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
  const folders = evidenceFolders(all.map(({ project }) => project))
  const onWarning = (message: string) => process.stderr.write(`warning: ${message}\n`)
  const store = await openStore(storeLocation(folder), { evidence: folders, onWarning })
  const running = await store.leases.list()
  const ids = [...new Set([...(await store.records.list()), ...(await openEvidence(folders, () => {}).ids())])]
  const records = (await Promise.all(ids.map(store.records.get))).flatMap((record) => record?.deterministic ?? [])

  const grids: GridStatus[] = []
  const planned: Stage[] = []
  for (const choice of all) {
    for (const profile of PROFILES) {
      const { grid, stages } = await gridOf(choice, profile, records, running)
      planned.push(...stages)
      if (choices.some(({ experiment }) => experiment === choice.experiment)) grids.push(grid)
    }
  }
  return { store: store.location, grids, running, orphans: orphansOf(records, planned) }
}

async function gridOf(
  { experiment }: Choice,
  profile: Profile,
  records: readonly Deterministic[],
  running: readonly Running[],
) {
  const settings = experiment.profiles[profile]
  const cells = await experiment.plan(settings)
  const stages = topological(cells.map(({ stage }) => stage))
  const known = new Set(records.map(({ id }) => id))
  const busy = new Set(running.map(({ id }) => id))
  const done = stages.filter(({ id }) => known.has(id)).length
  const runningHere = stages.filter(({ id }) => !known.has(id) && busy.has(id)).length
  const missing = new Set(cells.filter(({ stage }) => !known.has(stage.id)).map(({ seed }) => seed))
  const grid: GridStatus = {
    paper: experiment.name,
    profile,
    seeds: new Set(cells.map(({ seed }) => seed)).size - missing.size,
    ofSeeds: settings.seeds,
    done,
    running: runningHere,
    waiting: stages.length - done - runningHere,
  }
  return { grid, stages }
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
  const reasons = [...new Set(orphans.map(({ reason }) => reason))]
  if (reasons.length > 0)
    lines.push('Records that no experiment plans any more ("tickets store gc --orphans" drops them):')
  for (const reason of reasons) {
    const own = orphans.filter((orphan) => orphan.reason === reason)
    lines.push(`  ${own.length} of kind ${own[0]!.kind}: ${reason}`)
  }
  return `${lines.join('\n')}\n`
}

/** The ids of records in the store's own folder that no experiment of any paper plans. */
export async function orphanedIds(store: Store, benchmarks: string): Promise<string[]> {
  const planned = new Set<string>()
  for (const { experiment } of await choose([], benchmarks)) {
    for (const profile of PROFILES) {
      const cells = await experiment.plan(experiment.profiles[profile])
      for (const { id } of topological(cells.map(({ stage }) => stage))) planned.add(id)
    }
  }
  return (await store.records.list()).filter((id) => !planned.has(id))
}
