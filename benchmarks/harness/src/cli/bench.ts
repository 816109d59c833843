/** `tickets bench`: runs what is missing of the experiments, judges the claims, writes the reports. */
import { availableParallelism } from 'node:os'
import { datasetNames, fetchDataset, UserError } from '@winning-tickets/core'
import { type Command, Option } from 'commander'
import { execute } from '../execute/execute.js'
import { planStages } from '../execute/plan.js'
import type { Summary } from '../execute/types.js'
import { datasetsOf } from '../experiment/data-needed.js'
import { type Choice, choose, claimsOf, evidenceFolders } from '../experiment/discover.js'
import type { Profile } from '../experiment/profile.js'
import { batchesOf, collectResults, judge } from '../experiment/results.js'
import type { SeedRange } from '../experiment/seeds.js'
import { writeReport } from '../report/write.js'
import { openStore } from '../store/disk.js'
import { ensureWritable } from '../store/files.js'
import { storeLocation } from '../store/location.js'
import type { Store } from '../store/types.js'
import { type Grid, gridsOf, labelsOf, titleOf } from './bench-grids.js'
import { printReport, type Report, reportEnd, reportFailures, reportLack } from './bench-output.js'
import { reportsOf } from './bench-reports.js'
import { withBar } from './data.js'
import { costOf, powerOf, printCost } from './dry-run.js'
import { jsonOption, profileOption, seedsOption, storeOption, timeSpan, warn, wholeNumber } from './options.js'
import { watcher } from './progress.js'

interface BenchOptions {
  readonly profile: Profile
  readonly seeds?: SeedRange
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
    .addOption(seedsOption())
    .option('-w, --workers <n>', 'worker processes, one thread each', wholeNumber(1, 256), availableParallelism())
    .option('-t, --for <time>', 'stop cleanly after this time, e.g. 150m or 2h', timeSpan)
    .addOption(storeOption())
    .option('-o, --out <dir>', 'folder for the reports, one subfolder an experiment (default: benchmarks/<paper>/out)')
    .addOption(new Option('-n, --dry-run', 'only print what would run, and its cost').conflicts('for'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Experiments run as one set of stages. The report of each is written when its last stage is done, and all are printed at the
end; how far a long run has come "tickets status" says, and "tickets claims imp --profile small" judges what there is.
With --json the verdicts go to standard output, and progress to standard error as one JSON object a line.
With --for no stage is begun that would not be done in time; of what runs at the end the last checkpoint is kept, and then
the reports are written.
Ctrl-C stops at once and loses nothing that is finished; the same command goes on from there, running stages from their
last checkpoint. Several benches may share a store: none does what another is doing.

Examples:
  tickets bench                                   every paper, smoke profile
  tickets bench imp --profile small --seeds 2     two seeds of the small profile
  tickets bench imp --profile small --seeds 3-5   three others, on another machine
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
  const grids = await gridsOf(choices, options)
  for (const { out } of grids) {
    await ensureWritable(out, { what: 'The report', remedy: 'choose another place with --out DIR' })
  }
  const { location, summary, reports, lacking } = await runStages(grids, options, until)
  if (json) {
    const claims = reports.flatMap((report) => report.claims)
    process.stdout.write(`${JSON.stringify(claims, null, 1)}\n`)
  } else {
    for (const report of reports) printReport(report)
    reportFailures(summary, labelsOf(grids))
  }
  for (const { grid, message } of lacking) reportLack(grid.choice.experiment.name, message, json)
  if (summary.ended !== 'complete') reportEnd(summary, location, json)
  process.exitCode = exitCode(summary, lacking)
}

/**
 * Runs the stages of all grids as one set: a worker that one grid leaves idle begins the next, with what it has compiled.
 * Those of grids whose data cannot be had are left out.
 */
async function runStages(
  grids: readonly Grid[],
  { profile, workers, store: folder, json = false }: BenchOptions,
  until: number | undefined,
) {
  const choices = grids.map(({ choice }) => choice)
  const progress = watcher(`${titleOf(grids)} ${profile}`, { json, labelOf: labelsOf(grids) })
  const interruption = onInterrupt()
  try {
    const store = await openStore(storeLocation(folder), {
      evidence: evidenceFolders(choices),
      onWarning: (message) => progress.onEvent({ type: 'warning', message }),
    })
    const { ready, lacking } = await fetchData(grids, store, { signal: interruption.signal, until })
    const reports = reportsOf(grids, (grid) => writeGrid(grid, profile, store))
    const summary = await execute(
      ready.flatMap(({ cells }) => batchesOf(cells)),
      {
        store,
        where: { modules: [...new Set(choices.map(({ project }) => project.module))] },
        workers,
        onEvent(event) {
          progress.onEvent(event)
          reports.onEvent(event)
        },
        signal: interruption.signal,
        ...(until === undefined ? {} : { until }),
      },
    )
    return { location: store.location, summary, reports: await reports.written(summary.ended), lacking }
  } finally {
    progress.close()
    interruption.release()
  }
}

/** 130 after an interruption, 1 if a stage failed or data are missing. */
function exitCode({ ended, failed }: Summary, lacking: readonly Lack[]): number {
  if (ended === 'interrupted') return 130
  return failed.length + lacking.length > 0 ? 1 : 0
}

interface Lack {
  readonly grid: Grid
  readonly message: string
}

/**
 * Workers load data; fetching them is done once, here, where there is a bar.
 *
 * @returns the grids whose data are here, and the others with what stood in the way
 * @throws UserError if the only grid lacks its data
 */
async function fetchData(
  grids: readonly Grid[],
  store: Store,
  { signal, until = Number.POSITIVE_INFINITY }: { readonly signal: AbortSignal; readonly until: number | undefined },
): Promise<{ readonly ready: readonly Grid[]; readonly lacking: readonly Lack[] }> {
  const fetched = new Map<string, Promise<unknown>>()
  const fetchOnce = (name: string) => {
    const fetching = fetched.get(name) ?? withBar((onProgress) => fetchDataset(name, { onProgress, signal }))
    fetched.set(name, fetching)
    return fetching
  }
  const lacking: Lack[] = []
  for (const grid of grids) {
    const { pending } = await planStages(batchesOf(grid.cells), store)
    try {
      for (const name of datasetsOf(pending)) {
        if (datasetNames.includes(name) && performance.now() < until) await fetchOnce(name)
      }
    } catch (error) {
      // Whoever stopped the download is told so as of any other interruption.
      if (signal.aborted) break
      if (!(error instanceof UserError) || grids.length === 1) throw error
      lacking.push({ grid, message: error.message })
    }
  }
  return { ready: grids.filter((grid) => !lacking.some((lack) => lack.grid === grid)), lacking }
}

async function writeGrid({ choice, settings, cells, out }: Grid, profile: Profile, store: Store): Promise<Report> {
  const results = await collectResults(choice.experiment, profile, settings, cells, store)
  const claims = claimsOf(choice).map((claim) => judge(claim, results))
  return { results, claims, page: await writeReport({ results, claims }, out) }
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
  const grids = await gridsOf(choices, options)
  const cost = await costOf(
    grids.map(({ choice, cells }) => ({ paper: choice.experiment.name, cells })),
    store,
  )
  const power = grids.flatMap(({ choice, seeds }) => claimsOf(choice).map((claim) => powerOf(claim, seeds)))
  printCost(cost, { power, profile, workers, json })
}
