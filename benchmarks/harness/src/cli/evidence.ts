/** `tickets evidence`: from the store to files that git keeps. */
import { join } from 'node:path'
import type { Command } from 'commander'
import { writeResults } from '../evidence/results.js'
import { type Exported, exportEvidence } from '../evidence/write.js'
import { PROFILES, type Profile } from '../experiment/profile.js'
import { openStore } from '../store/disk.js'
import { storeLocation } from '../store/location.js'
import type { Store } from '../store/types.js'
import { type Choice, choose, evidenceFolder, evidenceFolders } from './discover.js'
import { jsonOption, profileOption, storeOption } from './options.js'

interface EvidenceOptions {
  readonly profile?: Profile
  readonly store?: string
  readonly json?: boolean
}

interface Line extends Exported {
  readonly paper: string
  readonly profile: Profile
}

export function evidenceCommand(program: Command, benchmarks: string): void {
  const evidence = program.command('evidence').description('Results that are committed with the code.')
  evidence
    .command('export')
    .summary('write finished seeds, plots and RESULTS.md into the checkout')
    .description(
      'Write the seeds that are whole in the store to benchmarks/<paper>/results/<profile>: records, curves and masks, not weights; of the profiles small and paper, if none is named. Then draw the plots there, and write RESULTS.md from all committed evidence.',
    )
    .argument('[papers...]', 'papers, e.g. imp')
    .addOption(profileOption().default(undefined))
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  tickets evidence export\n  tickets evidence export imp --profile paper')
    .action(async (papers: string[], options: EvidenceOptions) => {
      const choices = await choose(papers, benchmarks)
      const store = await openStore(storeLocation(options.store), {
        evidence: evidenceFolders(choices.map(({ project }) => project)),
        onWarning: (message) => process.stderr.write(`warning: ${message}\n`),
      })
      // The smoke profile is for seeing that things work: a rerun takes less than reading what was committed.
      const profiles = options.profile ? [options.profile] : PROFILES.filter((profile) => profile !== 'smoke')
      const lines: Line[] = []
      for (const choice of choices) {
        for (const profile of profiles) lines.push(...(await exportOne(choice, profile, store)))
      }
      const page = await writeResults(await choose([], benchmarks), join(benchmarks, '..'))
      if (options.json) process.stdout.write(`${JSON.stringify(lines, null, 1)}\n`)
      else process.stdout.write(`${lines.map(sentence).join('')}Results: ${page}\n`)
    })
}

async function exportOne({ experiment, project }: Choice, profile: Profile, store: Store): Promise<Line[]> {
  const cells = await experiment.plan(experiment.profiles[profile])
  const exported = await exportEvidence(cells, store, evidenceFolder(project, profile))
  return exported.map((each) => ({ paper: experiment.name, profile, ...each }))
}

const sentence = ({ paper, profile, seed, state, stages, stored }: Line) =>
  state === 'partial'
    ? `${paper} ${profile}, seed ${seed}: left out, ${stored} of ${stages} stages have run\n`
    : `${paper} ${profile}, seed ${seed}: ${stages} stages, ${state}\n`
