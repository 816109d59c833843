/** `tickets bench`: runs what is missing of the experiments, judges the claims, writes the reports. */
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import Table from 'cli-table3'
import type { Command } from 'commander'
import type { ClaimRecord } from '../claims/types.js'
import { execute } from '../execute/execute.js'
import { topological } from '../execute/plan.js'
import type { Summary } from '../execute/types.js'
import type { Profile } from '../experiment/profile.js'
import { collectResults, judge } from '../experiment/results.js'
import type { Cell, Settings } from '../experiment/types.js'
import { claimsTable, levelsTable } from '../report/tables.js'
import { writeReport } from '../report/write.js'
import type { Stage } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import { storeLocation } from '../store/location.js'
import { type Choice, choose } from './discover.js'
import { jsonOption, profileOption, storeOption, wholeNumber } from './options.js'
import { duration, watcher } from './progress.js'

interface BenchOptions {
  readonly profile: Profile
  readonly seeds?: number
  readonly workers: number
  readonly store?: string
  readonly out?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function benchCommand(program: Command): void {
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
    .addOption(storeOption())
    .option('-o, --out <dir>', 'folder for the report (default: benchmarks/<paper>/out)')
    .option('-n, --dry-run', 'only print what would run, and its cost')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  tickets bench                                   every paper, smoke profile
  tickets bench imp --profile small --seeds 2     two seeds of the small profile
  tickets bench imp --profile paper --dry-run     what the paper's setting would cost
  tickets bench imp --json > claims.json          verdicts for a program`,
    )
    .action(async (papers: string[], options: BenchOptions) => {
      const choices = await choose(papers)
      if (options.dryRun) return dryRun(choices, options)
      const outcomes = await runAll(choices, options)
      const records = outcomes.flatMap(({ claims }) => claims)
      if (options.json) process.stdout.write(`${JSON.stringify(records, null, 1)}\n`)
      process.exitCode = exitCode(outcomes.map(({ summary }) => summary))
    })
}

interface Planned {
  readonly choice: Choice
  readonly settings: Settings
  readonly cells: readonly Cell[]
}

async function plan(choice: Choice, { profile, seeds }: Pick<BenchOptions, 'profile' | 'seeds'>): Promise<Planned> {
  const given = choice.experiment.profiles[profile]
  const settings = seeds === undefined ? given : { ...given, seeds }
  return { choice, settings, cells: await choice.experiment.plan(settings) }
}

async function runAll(choices: readonly Choice[], options: BenchOptions) {
  const outcomes: { summary: Summary; claims: ClaimRecord[] }[] = []
  for (const choice of choices) {
    const outcome = await runOne(await plan(choice, options), options)
    outcomes.push(outcome)
    if (outcome.summary.interrupted) break
  }
  return outcomes
}

async function runOne({ choice, settings, cells }: Planned, options: BenchOptions) {
  const { profile, workers, json = false } = options
  const { project, experiment } = choice
  const progress = watcher(`${experiment.name} ${profile}`, { json })
  const store = await openStore(storeLocation(options.store), {
    onWarning: (message) => progress.onEvent({ type: 'warning', message }),
  })
  const interruption = onInterrupt()
  let summary: Summary
  try {
    summary = await execute(
      cells.map(({ stage }) => stage),
      { store, where: { modules: [project.module] }, workers, onEvent: progress.onEvent, signal: interruption.signal },
    )
  } finally {
    progress.close()
    interruption.release()
  }
  const results = await collectResults(experiment, profile, settings, cells, store)
  const claims = project.benchmark.claims
    .filter((claim) => (claim.experiment ?? project.benchmark.experiments[0]?.name) === experiment.name)
    .map((claim) => judge(claim, results))
  if (summary.interrupted) {
    process.stderr.write(
      `Interrupted: ${summary.stored + summary.finished} of ${summary.total} stages are in ${store.location}; run the same command to go on.\n`,
    )
    return { summary, claims }
  }
  const out = resolve(options.out ? join(options.out, experiment.name) : join(project.folder, 'out'))
  const page = await writeReport({ results, claims }, out)
  if (!json) {
    process.stdout.write(`\n${experiment.title}\n${levelsTable(results)}\n\n${claimsTable(claims)}\n`)
    process.stdout.write(`Report: ${page}\n`)
  }
  for (const { stage, message } of summary.failed) process.stderr.write(`failed: ${stage.label}: ${message}\n`)
  return { summary, claims }
}

/** 130 after an interruption, 1 if a stage failed. */
function exitCode(summaries: readonly Summary[]): number {
  if (summaries.some(({ interrupted }) => interrupted)) return 130
  return summaries.some(({ failed }) => failed.length > 0) ? 1 : 0
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

/** A line an arm: its runs, the stages they need that no earlier line has, and the seconds on one core. */
async function dryRun(choices: readonly Choice[], options: BenchOptions): Promise<void> {
  const lines: { paper: string; arm: string; runs: number; stored: number; seconds: number }[] = []
  const store = await openStore(storeLocation(options.store))
  for (const choice of choices) {
    const { cells } = await plan(choice, options)
    const counted = new Set<string>()
    for (const arm of new Set(cells.map((cell) => cell.arm))) {
      const own = cells.filter((cell) => cell.arm === arm)
      const stages = topological(own.map(({ stage }) => stage)).filter(({ id }) => !counted.has(id))
      for (const { id } of stages) counted.add(id)
      const missing: Stage[] = []
      for (const stage of stages) if (!(await store.records.get(stage.id))) missing.push(stage)
      const seconds = missing.reduce((sum, { cost }) => sum + cost.seconds, 0)
      lines.push({
        paper: choice.experiment.name,
        arm,
        runs: own.length,
        stored: stages.length - missing.length,
        seconds,
      })
    }
  }
  const seconds = lines.reduce((sum, line) => sum + line.seconds, 0)
  const wall = seconds / options.workers
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ profile: options.profile, arms: lines, seconds, workers: options.workers, wall }, null, 1)}\n`,
    )
    return
  }
  const table = new Table({
    head: ['paper', 'arm', 'runs', 'stages stored', 'to run, one core'],
    style: { head: [], border: [] },
  })
  for (const line of lines) table.push([line.paper, line.arm, line.runs, line.stored, duration(line.seconds)])
  process.stdout.write(
    `${table.toString()}\nAbout ${duration(wall)} with ${options.workers} workers (an estimate for one core of a 2020s server).\n`,
  )
}
