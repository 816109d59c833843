/** Finds the benchmark projects of this repository: the harness knows no paper before it runs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { UserError } from '@winning-tickets/core'
import type { Claim } from '../claims/types.js'
import { loadBenchmark } from './load.js'
import { type Entry, entriesOf } from './manifest.js'
import { PROFILES, type Profile } from './profile.js'
import type { Benchmark, Experiment } from './types.js'

/** A folder benchmarks/<paper> whose package.json names its benchmark module. */
export interface Project {
  readonly folder: string
  /** File URL of the built module, which workers load too. */
  readonly module: string
  readonly benchmark: Benchmark
}

/** benchmarks/, seen from src/cli and from dist/cli alike. */
export const BENCHMARKS = fileURLToPath(new URL('../../../', import.meta.url))

export async function discover(benchmarks: string): Promise<Project[]> {
  const load = async ({ folder, entry }: Entry): Promise<Project> => {
    const module = pathToFileURL(join(folder, entry)).href
    return { folder, module, benchmark: await loadBenchmark(module) }
  }
  return Promise.all(entriesOf(benchmarks, 'benchmark').map(load))
}

/** Where an experiment's report is written by default: benchmarks/<project>/out/<experiment>. */
export const reportFolder = ({ project, experiment }: Choice): string => join(project.folder, 'out', experiment.name)

/** The folders of reports that were written there; of a project without any, that of its first experiment. */
export async function reportFolders(benchmarks = BENCHMARKS): Promise<string[]> {
  return (await discover(benchmarks)).flatMap((project) => {
    const folders = project.benchmark.experiments.map((experiment) => reportFolder({ project, experiment }))
    const written = folders.filter((folder) => existsSync(join(folder, 'results.json')))
    return written.length > 0 ? written : folders.slice(0, 1)
  })
}

/** The folders of committed evidence of some experiments, one a profile. */
export const evidenceFolders = (choices: readonly Choice[]): string[] =>
  choices.flatMap((choice) => PROFILES.map((profile) => evidenceFolder(choice, profile)))

/** benchmarks/<project>/results/<experiment>/<profile> */
export const evidenceFolder = ({ project, experiment }: Choice, profile: Profile): string =>
  join(project.folder, 'results', experiment.name, profile)

/** An experiment with the project that offers it. */
export interface Choice {
  readonly project: Project
  readonly experiment: Experiment
}

/** The claims that are judged by an experiment's results: those that name it, and those that name none if it is the first. */
export function claimsOf({ project: { benchmark }, experiment }: Choice): Claim[] {
  const [first] = benchmark.experiments
  return benchmark.claims.filter((claim) => (claim.experiment ?? first?.name) === experiment.name)
}

/** The experiments of the named papers; of all, if none is named. @throws UserError for an unknown name */
export async function choose(papers: readonly string[], benchmarks: string): Promise<Choice[]> {
  const all = (await discover(benchmarks)).flatMap((project) =>
    project.benchmark.experiments.map((experiment) => ({ project, experiment })),
  )
  const unknown = papers.find((paper) => !all.some(({ experiment }) => experiment.name === paper))
  if (unknown !== undefined) {
    const known = all.map(({ experiment }) => experiment.name).join(', ')
    throw new UserError(`There is no benchmark "${unknown}"; choose from: ${known}.`)
  }
  return papers.length === 0 ? all : all.filter(({ experiment }) => papers.includes(experiment.name))
}
