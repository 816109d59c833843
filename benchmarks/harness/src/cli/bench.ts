/** `tickets bench`: runs what is missing of the experiments, judges the claims, writes the reports. */
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { fetchDataset, listDatasets } from '@winning-tickets/core'
import { type Command, Option } from 'commander'
import type { ClaimRecord } from '../claims/types.js'
import { execute } from '../execute/execute.js'
import { planStages } from '../execute/plan.js'
import type { Summary } from '../execute/types.js'
import { datasetsOf } from '../experiment/data-needed.js'
import { type Choice, choose, claimsOf, evidenceFolders, reportFolder } from '../experiment/discover.js'
import type { Profile } from '../experiment/profile.js'
import { batchesOf, collectResults, judge } from '../experiment/results.js'
import type { Cell, Settings } from '../experiment/types.js'
import { claimsTable, levelsTable } from '../report/tables.js'
import { writeReport } from '../report/write.js'
import { canonicalJson } from '../stage/json.js'
import type { Stage } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import { ensureWritable } from '../store/files.js'
import { storeLocation } from '../store/location.js'
import type { Store } from '../store/types.js'
import { withBar } from './data.js'
import { type GridCost, gridCost, type Power, powerOf, printCosts } from './dry-run.js'
import { jsonOption, profileOption, storeOption, timeSpan, warn, wholeNumber } from './options.js'
import { watcher } from './progress.js'

interface BenchOptions {
  readonly profile: Profile
  readonly seeds?: number
  readonly workers: number
  /** Seconds after which to stop. */
  readonly for?: number
  readonly store?: string
  readonly out?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function benchCommand(program: Command, benchmarks: string): void {
  program
    .command('bench')
    .summary('run experiments, judge the claims, write reports')
    .description(
      'Run what the store does not have yet of the experiments of the named papers (of all, if none is named), then judge the claims and write a report.',
    )
    .argument('[papers...]', 'papers to run, e.g. imp')
    .addOption(profileOption())
    .option('-s, --seeds <n>', 'seeds 1 to n, instead of the profile’s', wholeNumber(1, 1000))
    .option('-w, --workers <n>', 'worker processes, one thread each', wholeNumber(1, 256), availableParallelism())
    .option('-t, --for <time>', 'stop cleanly after this time, e.g. 150m or 2h', timeSpan)
    .addOption(storeOption())
    .option('-o, --out <dir>', 'folder for the reports, one subfolder an experiment (default: benchmarks/<paper>/out)')
    .addOption(new Option('-n, --dry-run', 'only print what would run, and its cost').conflicts('for'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Experiments run as one set, and the reports are written when it is done. What a long run has of one experiment so far is
seen meanwhile with "tickets claims".
With --json the verdicts go to standard output, and progress to standard error as one JSON object a line.
With --for no stage is begun that would not be done in time; of what runs at the end the last checkpoint is kept.
Ctrl-C stops at once and loses nothing that is finished; the same command goes on from there, running stages from their
last checkpoint. Several benches may share a store: none does what another is doing.

Examples:
  tickets bench                                   every paper, smoke profile
  tickets bench imp --profile small --seeds 2     two seeds of the small profile
  tickets bench imp --profile paper --for 150m    as much as fits, whole seeds first
  tickets bench imp --profile paper --dry-run     what the paper's setting would cost
  tickets bench imp --json > claims.json          verdicts for a program`,
    )
    .action(async (papers: string[], options: BenchOptions) => {
      const choices = await choose(papers, benchmarks)
      await (options.dryRun ? dryRun(choices, options) : bench(choices, options))
    })
}

async function bench(choices: readonly Choice[], options: BenchOptions): Promise<void> {
  const until = options.for === undefined ? undefined : performance.now() + 1000 * options.for
  const { json = false } = options
  const grids: Grid[] = []
  for (const choice of choices) {
    const out = resolve(options.out ? join(options.out, choice.experiment.name) : reportFolder(choice))
    await ensureWritable(out, { what: 'The report', remedy: 'choose another place with --out DIR' })
    grids.push({ ...(await plan(choice, options)), out })
  }
  const { summary, store } = await runStages(grids, options, until)
  if (summary.ended !== 'complete') reportEnd(summary, store.location, json)
  const records: ClaimRecord[] = []
  for (const grid of grids) records.push(...(await report(grid, store, summary, options)))
  if (json) process.stdout.write(`${JSON.stringify(records, null, 1)}\n`)
  else reportFailures(summary)
  process.exitCode = exitCode(summary)
}

/** 130 after an interruption, 1 if a stage failed. */
function exitCode({ ended, failed }: Summary): number {
  if (ended === 'interrupted') return 130
  return failed.length > 0 ? 1 : 0
}

interface Planned {
  readonly choice: Choice
  readonly settings: Settings
  readonly cells: readonly Cell[]
}

interface Grid extends Planned {
  /** Folder of the report. */
  readonly out: string
}

async function plan(choice: Choice, { profile, seeds }: BenchOptions): Promise<Planned> {
  const given = choice.experiment.profiles[profile]
  const settings = seeds === undefined ? given : { ...given, seeds }
  return { choice, settings, cells: await choice.experiment.plan(settings) }
}

/** Runs the stages of all grids as one set: a worker that one grid leaves idle begins the next, with what it has compiled. */
async function runStages(
  grids: readonly Grid[],
  { profile, workers, store: folder, json = false }: BenchOptions,
  until: number | undefined,
) {
  const choices = grids.map(({ choice }) => choice)
  const batches = grids.flatMap(({ cells }) => batchesOf(cells))
  const progress = watcher(`${titleOf(choices)} ${profile}`, { json })
  const interruption = onInterrupt()
  try {
    const store = await openStore(storeLocation(folder), {
      evidence: evidenceFolders(choices),
      onWarning: (message) => progress.onEvent({ type: 'warning', message }),
    })
    await ensureData(batches, store, interruption.signal)
    const summary = await execute(batches, {
      store,
      where: { modules: [...new Set(choices.map(({ project }) => project.module))] },
      workers,
      onEvent: progress.onEvent,
      signal: interruption.signal,
      ...(until === undefined ? {} : { until }),
    })
    return { store, summary }
  } finally {
    progress.close()
    interruption.release()
  }
}

const titleOf = (choices: readonly Choice[]): string =>
  choices.length > 3 ? `${choices.length} experiments` : choices.map(({ experiment }) => experiment.name).join(', ')

/** Workers load data; fetching them is done once, here, where there is a bar, and fails before anything has started. */
async function ensureData(batches: readonly (readonly Stage[])[], store: Store, signal: AbortSignal): Promise<void> {
  const { pending } = await planStages(batches, store)
  const registered = new Set(listDatasets().map(({ info }) => info.name))
  try {
    for (const name of datasetsOf(pending)) {
      if (registered.has(name)) await withBar((onProgress) => fetchDataset(name, { onProgress, signal }))
    }
  } catch (error) {
    // Whoever stopped the download is told so as of any other interruption.
    if (!signal.aborted) throw error
  }
}

/** Judges the claims of a grid and, unless the run was interrupted, writes and prints its report. */
async function report(
  { choice, settings, cells, out }: Grid,
  store: Store,
  { ended }: Summary,
  { profile, json = false }: BenchOptions,
): Promise<readonly ClaimRecord[]> {
  const results = await collectResults(choice.experiment, profile, settings, cells, store)
  const claims = claimsOf(choice).map((claim) => judge(claim, results))
  if (ended === 'interrupted') return claims
  const page = await writeReport({ results, claims }, out)
  if (!json) {
    process.stdout.write(`\n${choice.experiment.title}\n${levelsTable(results)}\n\n${claimsTable(claims)}\n`)
    process.stdout.write(`Report: ${page}\n`)
  }
  return claims
}

/** Why the run ended before its work, how far it came and how to go on. */
function reportEnd({ ended, stored, finished, total }: Summary, store: string, json: boolean): void {
  const done = stored + finished
  if (json) return void process.stderr.write(`${JSON.stringify({ type: ended, done, total, store })}\n`)
  const why = ended === 'interrupted' ? 'Interrupted' : 'Out of time'
  const more = ended === 'out of time' && finished === 0 ? ', with a longer --for if no stage fits into this one' : ''
  process.stderr.write(`${why}: ${done} of ${total} stages are in ${store}; run the same command to go on${more}.\n`)
}

/** After the tables, what is missing from them and why. */
function reportFailures({ failed, skipped }: Summary): void {
  for (const { stage, message } of failed) {
    const config = canonicalJson(stage.config, 'The config')
    process.stderr.write(
      `failed: ${stage.label}: ${message}\n  ${stage.kind.name} stage ${stage.id.slice(0, 8)} ${config}\n`,
    )
  }
  if (skipped.length > 0) {
    process.stderr.write(`${skipped.length} stages need a failed one and were skipped.\n`)
  }
}

/** Aborts on the first Ctrl-C or TERM; a second one ends the process at once. */
function onInterrupt(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', stop).off('SIGTERM', stop)
    },
  }
}

async function dryRun(choices: readonly Choice[], options: BenchOptions): Promise<void> {
  const { profile, workers, json = false } = options
  const evidence = evidenceFolders(choices)
  const store = await openStore(storeLocation(options.store), { evidence, onWarning: warn })
  const grids: GridCost[] = []
  const power: Power[] = []
  for (const choice of choices) {
    const { settings, cells } = await plan(choice, options)
    grids.push(await gridCost(choice.experiment.name, cells, store))
    power.push(...claimsOf(choice).map((claim) => powerOf(claim, settings.seeds)))
  }
  printCosts(grids, { power, profile, workers, json })
}
