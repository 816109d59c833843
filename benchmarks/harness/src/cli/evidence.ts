/** `tickets evidence`: from the store to files that git keeps. */
import { join } from 'node:path'
import type { Command } from 'commander'
import { openEvidence } from '../evidence/read.js'
import { writeResults } from '../evidence/results.js'
import { type Exported, exportEvidence } from '../evidence/write.js'
import { type Choice, choose, evidenceFolder, evidenceFolders } from '../experiment/discover.js'
import { PROFILES, type Profile } from '../experiment/profile.js'
import { openStore } from '../store/disk.js'
import { storeLocation } from '../store/location.js'
import type { Store } from '../store/types.js'
import { jsonOption, profileOption, storeOption, warn } from './options.js'

interface EvidenceOptions {
  readonly profile?: Profile
  readonly partial?: boolean
  readonly store?: string
  readonly json?: boolean
}

interface Line extends Exported {
  readonly paper: string
  readonly profile: Profile
}

export function evidenceCommand(program: Command, benchmarks: string): void {
  const evidence = program
    .command('evidence')
    .summary('results that are committed with the code')
    .description('Evidence is what git keeps of finished runs: records, curves and masks, a pair of files a seed.')
    .addHelpText('after', '\nExample:\n  tickets evidence export imp --profile paper')
  evidence
    .command('export')
    .summary('write finished seeds, plots and RESULTS.md into the checkout')
    .description(
      'Write the seeds that are whole in the store to benchmarks/<paper>/results/<experiment>/<profile>: records, curves and masks, not weights; of the profiles small and paper, if none is named. Then draw the plots there, and write RESULTS.md and the README’s table of claims from all committed evidence.',
    )
    .argument('[papers...]', 'papers, e.g. imp')
    .addOption(profileOption().default(undefined))
    .option('--partial', 'also seeds that are not whole, so that another machine can go on with them')
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  tickets evidence export\n  tickets evidence export imp --profile paper')
    .action((papers: string[], options: EvidenceOptions) => exportAll(papers, options, benchmarks))
}

async function exportAll(
  papers: string[],
  { profile, partial, store: folder, json }: EvidenceOptions,
  benchmarks: string,
) {
  const choices = await choose(papers, benchmarks)
  const all = await choose([], benchmarks)
  const warnings = new Set<string>()
  const store = await openStore(storeLocation(folder), {
    // Of all experiments: what one of them has committed, another that shares the stage need not have run.
    evidence: evidenceFolders(all),
    onWarning: (message) => warnings.add(message),
  })
  // The smoke profile is for seeing that things work: a rerun takes less than reading what was committed.
  const profiles = profile ? [profile] : PROFILES.filter((each) => each !== 'smoke')
  const lines: Line[] = []
  for (const choice of choices) {
    for (const each of profiles) lines.push(...(await exportOne(choice, each, { store, partial, all })))
  }
  // Of damaged records this fails, with the same words, unless the export has just made them whole.
  const page = await writeResults(all, join(benchmarks, '..'))
  for (const message of warnings) warn(message)
  if (json) process.stdout.write(`${JSON.stringify(lines, null, 1)}\n`)
  else process.stdout.write(`${lines.map(sentence).join('')}Results: ${page}\n`)
}

interface ExportOptions {
  readonly store: Store
  readonly partial: boolean | undefined
  readonly all: readonly Choice[]
}

async function exportOne(
  choice: Choice,
  profile: Profile,
  { store, partial = false, all }: ExportOptions,
): Promise<Line[]> {
  const { experiment } = choice
  const cells = await experiment.plan(experiment.profiles[profile])
  const folder = evidenceFolder(choice, profile)
  const others = openEvidence(
    evidenceFolders(all).filter((other) => other !== folder),
    () => {},
  )
  const exported = await exportEvidence(cells, store, { folder, partial, others })
  return exported.map((each) => ({ paper: experiment.name, profile, ...each }))
}

const sentence = ({ paper, profile, seed, state, stages, stored, lost }: Line) => {
  const progress = stored < stages ? `${state}, ${stored} of ${stages} stages have run` : `${stages} stages, ${state}`
  const without = lost > 0 ? `, without ${lost} masks or curves that the store has lost` : ''
  return `${paper} ${profile}, seed ${seed}: ${progress}${without}\n`
}
